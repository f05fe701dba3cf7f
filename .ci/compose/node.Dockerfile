# Stands in for NODE_IMAGE where no registry can be reached: the base image of dev containers, and the packages that
# npm has fetched for this clone. The build's context is npm's cache.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
ARG REGISTRY
COPY _cacache /var/cache/npm/_cacache
RUN npm config set --location=global offline=true cache=/var/cache/npm "registry=$REGISTRY"
