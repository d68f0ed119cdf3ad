# The worker and the CLI. Debian, not Alpine: Temporal's core needs glibc.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:24.21.0-bookworm-slim
# Core's TLS needs the certificates of the system even where only a private CA is used.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
RUN ln -s /app/dist/cli/main.js /usr/local/bin/tidb-runbook && chmod +x /app/dist/cli/main.js
ENV NODE_ENV=production
# For a memory limit of 2 GiB.
ENV NODE_OPTIONS="--max-old-space-size=1600 --max-semi-space-size=16"
ENV MALLOC_ARENA_MAX=2
USER node
EXPOSE 9464 9465
# Exec form: SIGTERM reaches node, which lets a patch that is under way finish.
CMD ["node", "dist/worker.js"]
