# Two images from one file:
#   docker build --target exporter .         serves, simulates, renders Alertmanager's configuration
#   docker build --target transcription .    all of that, and the stages: download, speech recognition, analysis, weights
# Nothing is fetched when they run. --build-arg BASE=... takes another base with Python 3.11 or newer, such as a mirror's.
ARG BASE=slim
FROM python:3.13-slim AS slim

FROM ${BASE} AS tools
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_COMPILE=1 PYTHONDONTWRITEBYTECODE=1
# what installs stays outside of what is shipped
RUN python -m venv /opt/tools && /opt/tools/bin/pip install -q pip==25.3 setuptools==80.9.0 wheel==0.45.1 \
 && python -m venv --without-pip /opt/pipemeter
ENV PATH=/opt/tools/bin:$PATH PIP_PYTHON=/opt/pipemeter/bin/python
WORKDIR /src

FROM tools AS wheel
COPY . ./
RUN env -u PIP_PYTHON pip wheel -q --no-deps --no-build-isolation -w /wheels .

FROM tools AS exporter-packages
COPY docker/exporter.txt ./
RUN pip install -q --no-deps -r exporter.txt

FROM exporter-packages AS exporter-build
COPY --from=wheel /wheels /wheels
# the bytecode does not depend on the time of the build; the user below could not write any later
RUN pip install -q --no-deps /wheels/*.whl \
 && /opt/pipemeter/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/pipemeter/lib

FROM ${BASE} AS runtime
ENV PATH=/opt/pipemeter/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MONITORING_HOME=/var/lib/pipemeter
# the last two folders are where one-shot services of docker-compose.yml write what Alertmanager (65534) and Grafana (472)
# read: a new volume takes over the owner of the folder that it is first mounted on
RUN groupadd --gid 10001 pipemeter \
 && useradd --uid 10001 --gid pipemeter --home-dir /var/lib/pipemeter --no-create-home --shell /usr/sbin/nologin pipemeter \
 && install -d -o pipemeter -g pipemeter -m 0700 /var/lib/pipemeter \
 && install -d -o 65534 -g 65534 -m 0700 /alertmanager-config \
 && install -d -o 472 -g 0 -m 0700 /grafana-secret
WORKDIR /app
COPY docker/demo docker/grafana-setup /usr/local/bin/
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
# exec form: the process is number 1 and gets SIGTERM itself
ENTRYPOINT ["pipemeter"]
CMD ["serve", "--host", "0.0.0.0"]

FROM runtime AS exporter
COPY --from=exporter-build /opt/pipemeter /opt/pipemeter

FROM exporter-packages AS transcription-packages
COPY docker/transcription.txt ./
RUN pip install -q --no-deps -r transcription.txt

FROM transcription-packages AS transcription-build
COPY --from=wheel /wheels /wheels
RUN pip install -q --no-deps /wheels/*.whl \
 && /opt/pipemeter/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/pipemeter/lib

FROM runtime AS transcription
COPY --from=transcription-build /opt/pipemeter /opt/pipemeter
