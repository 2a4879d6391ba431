# Built: docker build -t sayso .
# Run:   docker run --read-only --tmpfs /tmp -v sayso:/data -p 127.0.0.1:8080:8080 sayso
# Everything is installed from requirements.lock, by hash. The second stage holds what runs, and no installer.

FROM python:3.13-slim-bookworm AS built
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /source
RUN python -m venv --without-pip /opt/sayso
COPY requirements.lock ./
RUN python -m pip --python /opt/sayso/bin/python install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m pip --python /opt/sayso/bin/python install --no-deps --no-build-isolation . \
    && /opt/sayso/bin/python -m compileall -q /opt/sayso/lib

FROM python:3.13-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin sayso \
    && install --directory --owner=10001 --group=10001 --mode=0700 /data \
    && python -m pip uninstall --yes --root-user-action=ignore pip
COPY --from=built /opt/sayso /opt/sayso
# Its own address is of no use in a container; who may reach it is decided by the port that is published.
ENV PATH=/opt/sayso/bin:$PATH PYTHONDONTWRITEBYTECODE=1 SAYSO_HOST=0.0.0.0 SAYSO_DATA_DIR=/data SAYSO_LOG_FORMAT=json
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/healthz', timeout=2)"]
ENTRYPOINT ["sayso"]
CMD ["serve"]
