# Two stages: what is needed to build stays in the first one.
FROM node:24-trixie-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
# .dockerignore lets through what the build reads, and nothing else
COPY . .
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:24-trixie-slim
# restic moves the data; tini ends what outlives its parent (services that are supervised are adopted by process 1)
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates restic tini \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/dist dist
RUN ln -s /app/dist/src/main.js /usr/local/bin/cml \
 && chmod 0755 dist/src/main.js \
 && install -d -o node -g node -m 0711 /var/lib/cml
ENV NODE_ENV=production
# the image's own unprivileged user, `node`; as a number, since Kubernetes cannot tell from a name that it is not root
USER 1000
# cml.yaml is mounted here; the data folder that it names belongs on a volume
WORKDIR /var/lib/cml
VOLUME /var/lib/cml
ENTRYPOINT ["/usr/bin/tini", "--", "cml"]
CMD ["serve"]
