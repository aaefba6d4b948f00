# syntax=docker/dockerfile:1

# Both stages are the same Debian, so that the binary finds the libc and the libpq it was linked with.
FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpq-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY .cargo .cargo
COPY migrations migrations
COPY src src
# Without the default feature the system's libpq is linked, which has TLS. Dependencies stay built in the cache; our own sources are
# touched because cargo goes by their times, and a checkout may be older than what the cache holds.
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    touch src/lib.rs src/main.rs \
    && cargo build --release --locked --no-default-features --bin fishpond \
    && install -D target/release/fishpond /out/fishpond

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libpq5 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 fishpond \
    && useradd --system --uid 10001 --gid fishpond --home-dir /var/lib/fishpond --no-create-home --shell /usr/sbin/nologin fishpond \
    && install --directory --owner=10001 --group=10001 --mode=0750 /var/lib/fishpond
COPY --from=build /out/fishpond /usr/local/bin/fishpond
LABEL org.opencontainers.image.title="Fishpond" \
      org.opencontainers.image.description="A headless CRM: a JSON REST API over SQLite or PostgreSQL" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
ENV FISHPOND_LISTEN=0.0.0.0:8080 \
    FISHPOND_METRICS_LISTEN=0.0.0.0:9464
# By number, so that a cluster can see that it is not root.
USER 10001:10001
# The default database, data/fishpond.db, lies here; fishpond.toml is read from here.
WORKDIR /var/lib/fishpond
VOLUME /var/lib/fishpond
EXPOSE 8080 9464
HEALTHCHECK --interval=10s --timeout=8s --start-period=30s --retries=3 CMD ["fishpond", "health"]
ENTRYPOINT ["fishpond"]
