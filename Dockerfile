# SPDX-License-Identifier: MIT
# The image of the sidecar: one static program, the CA certificates and the two files that the C library reads.
#   docker build --tag apig-sidecar .                            builds it; deploy/image FILE needs no registry
#   docker build --target sbom --output . .                      writes its bill of materials, apig-sidecar.spdx.json
#   docker build --platform linux/arm64 --tag apig-sidecar .     is built by a cross compiler, without an emulator
#   docker build --target test --tag t . && docker run --rm t    runs all tests
FROM --platform=$BUILDPLATFORM debian:bookworm-slim AS tools
WORKDIR /source
COPY deploy/packages/install deploy/packages/progress deploy/packages/build.txt deploy/packages/static.txt deploy/packages/
ARG TARGETARCH
RUN dpkg --add-architecture "$TARGETARCH" && deploy/packages/install --arch="$TARGETARCH" build static
COPY deploy/static/libcurl deploy/static/arm64.cmake deploy/static/
RUN deploy/static/libcurl "$TARGETARCH"

FROM tools AS build
COPY CMakeLists.txt CMakePresets.json ./
COPY proto proto/
COPY sidecar sidecar/
ARG TARGETARCH
RUN preset=static; [ "$TARGETARCH" = "$(dpkg --print-architecture)" ] || preset=static-$TARGETARCH; \
    cmake --preset $preset && cmake --build --preset $preset
COPY deploy/static deploy/static/
ARG SOURCE_DATE_EPOCH=0
RUN deploy/static/root build/static/apig-sidecar /image && \
    deploy/static/sbom build/static/apig-sidecar.map /usr/share/ca-certificates \
        /usr/include/google/protobuf/descriptor.proto /usr/share/grpc-proto/grpc/health/v1/health.proto >/apig-sidecar.spdx.json

FROM tools AS test
COPY deploy/packages deploy/packages/
RUN deploy/packages/install run unit test
COPY . .
CMD ["tests/run"]

FROM scratch AS sbom
COPY --from=build /apig-sidecar.spdx.json /

FROM scratch
COPY --from=build /image/ /
LABEL org.opencontainers.image.title="apig-sidecar" \
      org.opencontainers.image.description="Huawei Cloud API Gateway by plain gRPC, for the service in the same pod" \
      org.opencontainers.image.licenses="MIT"
USER 65532
ENTRYPOINT ["/apig-sidecar"]
