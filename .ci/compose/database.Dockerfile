# Stands in for postgres:16 where no registry can be reached: the PostgreSQL that npm has installed for this clone,
# as the same variables want it.
ARG BASE_IMAGE
FROM ${BASE_IMAGE}
COPY native /opt/postgresql/native
COPY database.sh pg_isready /usr/local/bin/
RUN set -eu; \
    cd /opt/postgresql; \
    chmod 755 native/bin/* /usr/local/bin/database.sh /usr/local/bin/pg_isready; \
    node -e 'for (const { source, target } of JSON.parse(fs.readFileSync("native/pg-symlinks.json"))) \
      if (!fs.existsSync(target)) fs.symlinkSync(path.basename(source), target)'; \
    echo 'postgres:x:999:999::/var/lib/postgresql:/bin/bash' >> /etc/passwd; \
    install -d -o 999 -g 999 -m 700 /var/lib/postgresql/data
VOLUME /var/lib/postgresql/data
STOPSIGNAL SIGINT
ENTRYPOINT ["database.sh"]
