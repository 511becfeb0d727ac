/* SPDX-License-Identifier: MIT */
#include "simulation.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/memory.h"
#include "upstream/admission.h"

#define TIMES 10
#define RUNS 11 /* with different random numbers */
#define LEAST_LOAD_S 30.0
#define MOST 512

enum state { ARRIVING, WAITING, RUNNING, HUNG, ENDED };

struct call {
    int64_t patience_ns, arrived_ns, began_ns, deadline_ns;
    int64_t took_ns; /* 0 unless it was answered in time */
    bool hangs;
    enum state state;
    TAILQ_ENTRY(call) place;     /* in the sidecar */
    STAILQ_ENTRY(call) up_place; /* in the upstream */
};

enum event_kind { ARRIVES, RESPONSE, LAPSES, DEADLINE, SHRINKS };

struct event {
    int64_t at_ns;
    enum event_kind kind;
    struct call *call;
};

struct simulation {
    const struct simulation_upstream *upstream;
    struct admission admission;
    TAILQ_HEAD(waiting, call) waiting;
    size_t waiting_count;
    STAILQ_HEAD(, call) queued; /* upstream */
    size_t places, working;
    struct event *events; /* a heap, the earliest first */
    size_t event_count;
    struct call *calls;
    size_t call_count, again; /* again: calls left to make, one as soon as another has ended */
    int64_t now_ns;
    double vain_s;
    size_t refused, late;
    uint64_t random;
};

static int64_t ns(double seconds)
{
    return (int64_t)(seconds * (double)CLOCK_NS_PER_S);
}

static double seconds(int64_t time_ns)
{
    return (double)time_ns / (double)CLOCK_NS_PER_S;
}

/* Uniform, below 1 (splitmix64). */
static double uniform(struct simulation *simulation)
{
    uint64_t z = simulation->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static void add(struct simulation *simulation, int64_t at_ns, enum event_kind kind,
                struct call *call)
{
    size_t at = simulation->event_count++;
    for (size_t up; at > 0 && simulation->events[up = (at - 1) / 2].at_ns > at_ns; at = up)
        simulation->events[at] = simulation->events[up];
    simulation->events[at] = (struct event){at_ns, kind, call};
}

static struct event next(struct simulation *simulation)
{
    struct event *events = simulation->events, first = events[0];
    struct event last = events[--simulation->event_count];
    size_t at = 0, down;
    while ((down = 2 * at + 1) < simulation->event_count) {
        down += down + 1 < simulation->event_count && events[down + 1].at_ns < events[down].at_ns;
        if (last.at_ns <= events[down].at_ns)
            break;
        events[at] = events[down];
        at = down;
    }
    events[at] = last;
    return first;
}

static void work(struct simulation *simulation)
{
    struct call *call;
    while (simulation->working < simulation->places && (call = STAILQ_FIRST(&simulation->queued))) {
        double varies = simulation->upstream->jitter * (2 * uniform(simulation) - 1);
        STAILQ_REMOVE_HEAD(&simulation->queued, up_place);
        simulation->working++;
        add(simulation, simulation->now_ns + ns(simulation->upstream->takes_s * (1 + varies)),
            RESPONSE, call);
    }
}

static void begin(struct simulation *simulation, struct call *call)
{
    TAILQ_REMOVE(&simulation->waiting, call, place);
    simulation->waiting_count--;
    call->state = RUNNING;
    call->began_ns = simulation->now_ns;
    admission_began(&simulation->admission, simulation->now_ns);
    add(simulation, simulation->now_ns + concurrency_limit_lease_ns(&simulation->admission.limit),
        LAPSES, call);
    if (!call->hangs)
        STAILQ_INSERT_TAIL(&simulation->queued, call, up_place);
}

/* Its caller makes the next call at once. */
static void end(struct simulation *simulation, struct call *call)
{
    call->state = ENDED;
    if (simulation->again > 0)
        add(simulation, simulation->now_ns, ARRIVES,
            &simulation->calls[simulation->call_count - simulation->again--]);
}

static void stop_waiting(struct simulation *simulation, struct call *call)
{
    TAILQ_REMOVE(&simulation->waiting, call, place);
    simulation->waiting_count--;
    simulation->late++;
    end(simulation, call);
}

static bool is_hopeless(const struct simulation *simulation, const struct call *call)
{
    return simulation->waiting_count > 1 &&
           !admission_has_time(&simulation->admission, call->deadline_ns - simulation->now_ns);
}

static void start(struct simulation *simulation)
{
    const struct admission *admission = &simulation->admission;
    while (simulation->waiting_count > 0 && admission_room(admission) > 0) {
        struct call *call = concurrency_limit_prefers_newest(&admission->limit, simulation->now_ns)
                                ? TAILQ_LAST(&simulation->waiting, waiting)
                                : TAILQ_FIRST(&simulation->waiting);
        (is_hopeless(simulation, call) ? stop_waiting : begin)(simulation, call);
    }
    if (simulation->waiting_count > 0)
        concurrency_limit_wanted(&simulation->admission.limit);
    work(simulation);
}

static void on_arrives(struct simulation *simulation, struct call *call)
{
    const struct admission *admission = &simulation->admission;
    int64_t wait_ns = admission_wait_ns(admission, simulation->waiting_count, admission->limit.now,
                                        simulation->now_ns);
    call->arrived_ns = simulation->now_ns;
    call->deadline_ns = simulation->now_ns + call->patience_ns;
    if (!admission_is_in_time(admission, wait_ns, call->patience_ns)) {
        simulation->refused++;
        end(simulation, call);
        return;
    }
    call->state = WAITING;
    TAILQ_INSERT_TAIL(&simulation->waiting, call, place);
    simulation->waiting_count++;
    add(simulation, call->deadline_ns, DEADLINE, call);
}

static void end_exchange(struct simulation *simulation, struct call *call,
                         enum exchange_ending ending)
{
    admission_ended(&simulation->admission, ending, call->state == HUNG, call->began_ns,
                    simulation->now_ns);
    end(simulation, call);
}

static void on_response(struct simulation *simulation, struct call *call)
{
    simulation->working--;
    if (call->state == ENDED) {
        simulation->vain_s += simulation->upstream->takes_s;
        return;
    }
    call->took_ns = simulation->now_ns - call->arrived_ns;
    end_exchange(simulation, call, EXCHANGE_RESPONDED);
}

static void on_lapses(struct simulation *simulation, struct call *call)
{
    int64_t left_ns = call->began_ns + concurrency_limit_lease_ns(&simulation->admission.limit) -
                      simulation->now_ns;
    if (call->state != RUNNING)
        return;
    if (left_ns > 0) {
        add(simulation, simulation->now_ns + left_ns, LAPSES, call);
        return;
    }
    call->state = HUNG;
    admission_lapsed(&simulation->admission, call->began_ns, simulation->now_ns);
}

static void on_deadline(struct simulation *simulation, struct call *call)
{
    if (call->state == WAITING)
        stop_waiting(simulation, call);
    else if (call->state != ENDED)
        end_exchange(simulation, call, EXCHANGE_MISSED);
}

static void on_shrinks(struct simulation *simulation, struct call *call)
{
    (void)call;
    simulation->places = simulation->upstream->places_later;
}

static void run(struct simulation *simulation)
{
    static void (*const on[])(struct simulation *, struct call *) = {
        [ARRIVES] = on_arrives,   [RESPONSE] = on_response, [LAPSES] = on_lapses,
        [DEADLINE] = on_deadline, [SHRINKS] = on_shrinks,
    };
    while (simulation->event_count > 0) {
        struct event event = next(simulation);
        simulation->now_ns = event.at_ns;
        on[event.kind](simulation, event.call);
        start(simulation);
    }
}

static void prepare(struct simulation *simulation, const struct simulation_upstream *upstream,
                    size_t calls)
{
    *simulation = (struct simulation){.upstream = upstream, .places = upstream->places};
    TAILQ_INIT(&simulation->waiting);
    STAILQ_INIT(&simulation->queued);
    admission_init(&simulation->admission, CONCURRENCY_LIMIT_FIRST, MOST);
    simulation->call_count = calls;
    simulation->calls = memory_expect(calloc(calls, sizeof *simulation->calls));
    simulation->events = memory_expect(calloc(4 * calls + 16, sizeof *simulation->events));
}

static void clear(struct simulation *simulation)
{
    free(simulation->calls);
    free(simulation->events);
}

static int by_duration(const void *one, const void *other)
{
    int64_t a = *(const int64_t *)one, b = *(const int64_t *)other;
    return (a > b) - (a < b);
}

/* Of the calls from `first` on that do not hang. */
static struct simulation_result judge(const struct simulation *simulation, size_t first)
{
    struct simulation_result result = {.refused = simulation->refused,
                                       .limit = simulation->admission.limit.now};
    int64_t *took = memory_expect(calloc(simulation->call_count + 1, sizeof *took));
    for (size_t i = first; i < simulation->call_count; i++)
        if (simulation->calls[i].took_ns > 0)
            took[result.served++] = simulation->calls[i].took_ns;
    qsort(took, result.served, sizeof *took, by_duration);
    result.p50_s = seconds(took[result.served / 2]);
    free(took);
    return result;
}

/* Calls at an even rate, at ten times the capacity. */
static void load(struct simulation *simulation, double rate, int64_t patience_ns)
{
    for (size_t i = 0; i < simulation->call_count; i++) {
        double at_s = 1 + ((double)i + uniform(simulation)) / rate;
        simulation->calls[i].patience_ns = patience_ns;
        simulation->calls[i].hangs = uniform(simulation) < simulation->upstream->hung;
        add(simulation, ns(at_s), ARRIVES, &simulation->calls[i]);
    }
}

static struct simulation_result overload_once(const struct simulation_upstream *upstream, bool warm,
                                              uint64_t run_number)
{
    struct simulation simulation;
    double length_s = fmax(LEAST_LOAD_S, 30 * upstream->takes_s), later = 2 * length_s / 3;
    double rate = TIMES * (double)upstream->places / upstream->takes_s;
    double served_at_most = (double)upstream->places / upstream->takes_s * length_s;
    size_t calls = (size_t)(rate * length_s), before = warm ? calls : 0;
    prepare(&simulation, upstream, before + calls);
    simulation.random = run_number;
    load(&simulation, rate, ns(fmax(2, 4 * upstream->takes_s)));
    if (upstream->places_later) {
        add(&simulation, ns(1 + (warm ? length_s : 0) + length_s - later), SHRINKS, NULL);
        served_at_most *=
            1.0 / 3 + 2.0 / 3 * (double)upstream->places_later / (double)upstream->places;
    }
    run(&simulation);
    struct simulation_result result = judge(&simulation, before);
    result.goodput = (double)result.served / served_at_most;
    result.vain = simulation.vain_s / seconds(simulation.now_ns) / (double)simulation.places;
    clear(&simulation);
    return result;
}

static int by_goodput(const void *one, const void *other)
{
    double a = ((const struct simulation_result *)one)->goodput;
    double b = ((const struct simulation_result *)other)->goodput;
    return (a > b) - (a < b);
}

struct simulation_result simulate_overload(const struct simulation_upstream *upstream, bool warm)
{
    struct simulation_result results[RUNS];
    for (uint64_t i = 0; i < RUNS; i++)
        results[i] = overload_once(upstream, warm, i + 1);
    qsort(results, RUNS, sizeof *results, by_goodput);
    struct simulation_result median = results[RUNS / 2];
    median.least_goodput = results[0].goodput;
    return median;
}

/* Calls that come together. */
static void burst(struct simulation *simulation, size_t first, size_t count, int64_t at_ns,
                  double deadline_s)
{
    for (size_t i = first; i < first + count; i++)
        add(simulation, at_ns, ARRIVES, &simulation->calls[i]);
    for (size_t i = first; i < simulation->call_count; i++)
        simulation->calls[i].patience_ns = ns(deadline_s);
}

struct simulation_result simulate_hung(size_t hung, size_t others, bool warm)
{
    static const struct simulation_upstream upstream = {.places = 10000, .takes_s = 0.05};
    struct simulation simulation;
    size_t before = warm ? 20 * others : 0;
    prepare(&simulation, &upstream, before + hung + others);
    for (size_t wave = 0; wave * others < before; wave++)
        burst(&simulation, wave * others, others, (int64_t)(wave + 1) * CLOCK_NS_PER_S / 4, 30);
    burst(&simulation, before, hung, 10 * CLOCK_NS_PER_S, 60);
    burst(&simulation, before + hung, others, 10 * CLOCK_NS_PER_S + CLOCK_NS_PER_MS, 5);
    for (size_t i = before; i < before + hung; i++)
        simulation.calls[i].hangs = true;
    run(&simulation);
    struct simulation_result result = judge(&simulation, before + hung);
    clear(&simulation);
    return result;
}

struct simulation_result simulate_callers(double takes_s, size_t callers, size_t calls,
                                          double deadline_s)
{
    const struct simulation_upstream upstream = {.places = 10000, .takes_s = takes_s};
    struct simulation simulation;
    prepare(&simulation, &upstream, calls);
    burst(&simulation, 0, callers, CLOCK_NS_PER_S, deadline_s);
    simulation.again = calls - callers;
    run(&simulation);
    struct simulation_result result = judge(&simulation, 0);
    result.ended_s = seconds(simulation.now_ns) - 1;
    for (size_t i = 0; i < calls; i++) {
        double ended_s = seconds(simulation.calls[i].arrived_ns + simulation.calls[i].took_ns) - 1;
        result.ended_s = i == 0 ? ended_s : fmax(result.ended_s, ended_s);
    }
    clear(&simulation);
    return result;
}
