# syntax=docker/dockerfile:1
# What each stage does, and how to run the image: docs/deploy.md

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY build.js server.build.js upload-client.build.js studio.build.js explorer.build.js tsconfig.json tsconfig.build.json ./
COPY src src
# With EXPLORER=yes the image has the page at /docs, for development: 1.7 MB.
ARG EXPLORER=no
RUN npm run build && if [ "$EXPLORER" != yes ]; then rm -r dist/explorer; fi

FROM node:22-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
ENV NODE_ENV=production DATA_DIR=/data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json package-lock.json .npmrc ./
COPY samples samples
RUN ln -s /app/dist/cli/main.js /usr/local/bin/lectern && install --directory --owner=node --group=node --mode=0700 /data
# The user "node". As numbers, so that Kubernetes can see that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --start-interval=1s \
  CMD ["node", "-e", "fetch(`http://localhost:${process.env.PORT || 4000}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
