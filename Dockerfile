# The notebook, with what it needs to live in MongoDB and to join other processes over Redis.
#
# docker build -t sharedb-py .   (docker-compose.yml does it)

FROM node:22-slim AS client
WORKDIR /src/client
COPY client/package.json client/package-lock.json client/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY client/ ./
RUN mkdir -p ../proxy/derby_notebook && node build.js

FROM python:3.13-slim AS wheel
WORKDIR /src
RUN pip install --no-cache-dir build hatchling
COPY pyproject.toml README.md LICENSE ./
COPY sharedb_py sharedb_py
COPY mongo mongo
COPY proxy proxy
COPY --from=client /src/proxy/derby_notebook/static proxy/derby_notebook/static
RUN python -m build --no-isolation --wheel

FROM python:3.13-slim
COPY --from=wheel /src/dist /tmp/dist
RUN pip install --no-cache-dir "$(echo /tmp/dist/*.whl)[mongo,redis]" && rm -r /tmp/dist \
 && useradd --create-home --uid 1000 notebook \
 && install -d -o notebook -g notebook /data /run/token
USER notebook
WORKDIR /data
VOLUME /data
EXPOSE 9999
HEALTHCHECK --interval=10s --timeout=5s --retries=6 --start-period=30s \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9999/derby/health', timeout=4)"]
ENTRYPOINT ["derby-notebook"]
CMD ["/data", "--host", "0.0.0.0", "--port", "9999", "--no-browser"]
