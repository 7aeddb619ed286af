# An image of the sandbox, built from the wheel:
#
#     make build
#     docker build --file tools/sandbox.Dockerfile --tag finerworks-sandbox .
#     docker run --rm --publish 127.0.0.1:8765:8765 finerworks-sandbox --invoices 40
#
# Tests run its command and its health check, and hadolint checks this file. No test builds the image.
FROM python:3.14.7-slim-trixie AS build
COPY constraints.txt dist/*.whl /wheel/
RUN python -m venv /sandbox \
    && /sandbox/bin/pip install --no-cache-dir --constraint /wheel/constraints.txt "$(echo /wheel/*.whl)[sandbox]"

FROM python:3.14.7-slim-trixie
COPY --from=build /sandbox /sandbox
ENV PATH=/sandbox/bin:$PATH
# A user without a name. It owns no files, and the sandbox writes none.
USER 65532:65532
EXPOSE 8765
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s CMD ["python", "-c", "import http.client, sys; asked = http.client.HTTPConnection('127.0.0.1', 8765, timeout=4); asked.request('GET', '/openapi.json'); sys.exit(asked.getresponse().status != 200)"]
ENTRYPOINT ["python", "-m", "finerworks.sandbox", "--host", "0.0.0.0", "--port", "8765"]
