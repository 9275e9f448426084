# Build: docker build -t 311_li_performance .
# Run:   docker container run -v $PWD/data:/app/data -v $PWD/output:/app/output 311_li_performance
FROM python:3.13-slim AS build
COPY requirements.lock .
RUN python -m venv /venv \
 && /venv/bin/pip install --quiet --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
 && /venv/bin/pip uninstall --quiet --yes pip

FROM python:3.13-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin li_perf \
 && install -d -m 1777 /app/data /app/output \
 && printf '#!/bin/sh\nexec python -m li_perf "$@"\n' >/usr/local/bin/li-perf && chmod 755 /usr/local/bin/li-perf
COPY --from=build /venv /venv
COPY LICENSE /app/
COPY li_perf /app/li_perf
ENV PATH=/venv/bin:$PATH PYTHONPATH=/app PYTHONUNBUFFERED=1 HOME=/tmp
RUN python -m compileall -q /app/li_perf /venv/lib
WORKDIR /app
USER li_perf
VOLUME ["/app/data", "/app/output"]
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=60s CMD ["python", "-m", "li_perf", "health"]
ENTRYPOINT ["python", "-m", "li_perf"]
CMD ["run"]
