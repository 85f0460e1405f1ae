// Java's HttpClient with default options. It asks for an upgrade to h2c with each plaintext request.
// Prints the method, the status, the HTTP version and the body of each request on one line.
//
//	java Ask.java URL GET-PATH POST-PATH JSON
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;

public class Ask {
  public static void main(String[] args) throws Exception {
    var client = HttpClient.newHttpClient();
    for (var times = 0; times < 2; times++) {
      ask(client, HttpRequest.newBuilder(URI.create(args[0] + args[1])).build());
      var body = BodyPublishers.ofString(args[3]);
      ask(client, HttpRequest.newBuilder(URI.create(args[0] + args[2])).header("content-type", "application/json").POST(body).build());
    }
  }

  static void ask(HttpClient client, HttpRequest request) throws Exception {
    var response = client.send(request, BodyHandlers.ofString());
    System.out.println(request.method() + " " + response.statusCode() + " " + response.version() + " " + response.body());
  }
}
