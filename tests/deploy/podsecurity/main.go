// SPDX-License-Identifier: MIT

// podsecurity reads Pods as JSON, one a line, and prints what Pod Security "restricted" forbids of each.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
)

func main() {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		log.Fatal(err)
	}
	restricted := api.LevelVersion{Level: api.LevelRestricted, Version: api.LatestVersion()}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var pod corev1.Pod
		if err := json.Unmarshal(lines.Bytes(), &pod); err != nil {
			log.Fatal(err)
		}
		results := evaluator.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec)
		if verdict := policy.AggregateCheckResults(results); !verdict.Allowed {
			fmt.Printf("%s: %s\n", pod.Name, verdict.ForbiddenDetail())
		}
	}
}
