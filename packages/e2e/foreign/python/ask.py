"""Python's http.client, on one connection. It trusts every certificate. See foreign/java/Ask.java
for its input and output.

python3 ask.py URL
"""

import base64
import http.client
import ssl
import sys
from urllib.parse import urlsplit

url = urlsplit(sys.argv[1])
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
tls.check_hostname = False
tls.verify_mode = ssl.CERT_NONE
connection = (
    http.client.HTTPSConnection(url.netloc, timeout=20, context=tls)
    if url.scheme == "https"
    else http.client.HTTPConnection(url.netloc, timeout=20)
)
for line in sys.stdin:
    method, path, fields, body = line.rstrip("\n").split("\t")
    headers = dict(field.split(": ", 1) for field in fields.split("|") if field)
    connection.request(method, path, base64.b64decode(body) or None, headers)
    response = connection.getresponse()
    answer = base64.b64encode(response.read()).decode()
    version = {10: "1.0", 11: "1.1"}[response.version]
    print(response.status, version, response.getheader("allow", ""), answer, sep="\t", flush=True)
