# The image of one node: `docker build -t kvctl-node .`, in a checkout (out of the sources) or in the installed package (out of its build).
# Which packages a node needs, and in which versions, is pinned in docker/package-lock.json. npm's registry is npm's default, or
# --build-arg NPM_CONFIG_REGISTRY=URL. The classic builder will do: no mounts, no here-documents.
FROM node:24-slim AS build
# Static, so that it can be copied into an image that is kept as it is.
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
WORKDIR /build
ARG NPM_CONFIG_REGISTRY
COPY docker/package.json docker/package-lock.json ./
RUN npm ci --no-audit --no-fund --no-update-notifier && npm cache clean --force && \
    find node_modules -type f \( -name '*.ts' -o -name '*.?ts' -o -name '*.map' -o -name '*.md' \) -delete
COPY . source/
RUN node source/docker/assemble.mjs source /app && mv node_modules /app/ && install -d -m 700 -o node -g node /volume/data

FROM node:24-slim
LABEL org.opencontainers.image.title="kvctl node" \
      org.opencontainers.image.licenses="MIT"
# The first process passes signals on and reaps what health checks leave: Node does neither as process 1.
COPY --from=build /usr/bin/tini-static /usr/local/bin/tini
COPY --from=build --chown=node:node /volume/ /
COPY --from=build /app /app
ENV NODE_ENV=production HOST=0.0.0.0 DATA_DIR=/data
USER node
WORKDIR /app
EXPOSE 8000
# A check costs the engine more (some 0.2 s of a core) than what it looks at. The first comes after a lab has been measured; at other
# times: docker exec CONTAINER /app/health
HEALTHCHECK --interval=5m --timeout=5s --retries=1 CMD ["/app/health"]
ENTRYPOINT ["/usr/local/bin/tini", "--"]
CMD ["node", "--disable-warning=ExperimentalWarning", "/app/node/main.js"]
