"""Python's http.client, on one connection. See foreign/java/Ask.java for its input and output.

python3 ask.py URL
"""

import base64
import http.client
import sys
from urllib.parse import urlsplit

connection = http.client.HTTPConnection(urlsplit(sys.argv[1]).netloc, timeout=20)
for line in sys.stdin:
    method, path, fields, body = line.rstrip("\n").split("\t")
    headers = dict(field.split(": ", 1) for field in fields.split("|") if field)
    connection.request(method, path, base64.b64decode(body) or None, headers)
    response = connection.getresponse()
    answer = base64.b64encode(response.read()).decode()
    version = {10: "1.0", 11: "1.1"}[response.version]
    print(response.status, version, response.getheader("allow", ""), answer, sep="\t", flush=True)
