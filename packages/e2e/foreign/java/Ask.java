// Java's HttpClient with default options. It asks for an upgrade to h2c with each plaintext request,
// and uses HTTP/2 over TLS. It trusts every certificate.
//
// Each line of stdin is a request: method, path, headers (`name: value`, joined by `|`) and the body
// in base64, separated by tabs. For each, the program prints the status, the version of HTTP, the
// header `allow` and the body in base64, separated by tabs.
//
//	java Ask.java URL
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

public class Ask {
  public static void main(String[] args) throws Exception {
    var tls = SSLContext.getInstance("TLS");
    tls.init(null, new TrustManager[] {new TrustAll()}, new SecureRandom());
    var client = HttpClient.newBuilder().sslContext(tls).build();
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (var line = lines.readLine(); line != null; line = lines.readLine()) {
      var parts = line.split("\t", -1);
      var body = Base64.getDecoder().decode(parts[3]);
      var publisher = body.length == 0 ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body);
      var request = HttpRequest.newBuilder(URI.create(args[0] + parts[1])).timeout(Duration.ofSeconds(20)).method(parts[0], publisher);
      for (var header : parts[2].split("\\|")) {
        if (!header.isEmpty()) request.header(header.split(": ")[0], header.split(": ")[1]);
      }
      var response = client.send(request.build(), BodyHandlers.ofByteArray());
      var version = response.version() == HttpClient.Version.HTTP_2 ? "2" : "1.1";
      var allow = response.headers().firstValue("allow").orElse("");
      System.out.println(String.join("\t", "" + response.statusCode(), version, allow, Base64.getEncoder().encodeToString(response.body())));
    }
  }

  static class TrustAll implements X509TrustManager {
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
