// A contact's subscriptions with Java's own HttpClient: `java Subscriptions.java`.
// Needs SAYSO_URL and SAYSO_TOKEN in the environment.

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

public class Subscriptions {
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    static final String URL = System.getenv("SAYSO_URL");
    static final String TOKEN = System.getenv("SAYSO_TOKEN");

    public static void main(String[] arguments) throws Exception {
        String types = call("GET", "/subscription_types", "", 200, TOKEN);
        String optIn = live(types, "opt_in");
        String optOut = live(types, "opt_out");
        System.out.println("types: " + ids(types).size());

        String email = "java-" + System.currentTimeMillis() + "-" + ProcessHandle.current().pid() + "@example.com";
        String contact = call("POST", "/contacts", "{\"email\": \"" + email + "\"}", 200, TOKEN);
        String subscriptions = "/contacts/" + text(contact, "id") + "/subscriptions";
        System.out.println("created: " + text(contact, "role"));

        // Attaching an opt_in type opts the contact in; attaching an opt_out type opts the contact out.
        String body = "{\"id\": \"%s\", \"consent_type\": \"%s\"}";
        call("POST", subscriptions, String.format(body, optIn, "opt_in"), 200, TOKEN);
        call("POST", subscriptions, String.format(body, optOut, "opt_out"), 200, TOKEN);
        System.out.println("attached: " + attached(subscriptions, List.of(optIn, optOut)));

        String detached = call("DELETE", subscriptions + "/" + optIn, "", 200, TOKEN);
        System.out.println("detached: " + text(detached, "id"));
        System.out.println("attached: " + attached(subscriptions, List.of(optOut)));

        String missing = call("GET", "/contacts/000000000000000000000000/subscriptions", "", 404, TOKEN);
        System.out.println("not found: " + text(missing, "code") + " " + text(missing, "message"));
        String refused = call("GET", "/subscription_types", "", 401, "wrong-token");
        System.out.println("unauthorized: " + text(refused, "code") + " " + text(refused, "message"));
    }

    /** The body of the answer, which must have that status. */
    static String call(String method, String path, String body, int status, String token) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(URL + path))
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .build();
        var answer = CLIENT.send(request, BodyHandlers.ofString());
        if (answer.statusCode() != status) {
            throw new IllegalStateException(
                    method + " " + path + ": expected " + status + ", got " + answer.statusCode() + " " + answer.body());
        }
        return answer.body();
    }

    static String attached(String subscriptions, List<String> wanted) throws Exception {
        List<String> ids = ids(call("GET", subscriptions, "", 200, TOKEN));
        if (!ids.equals(wanted)) {
            throw new IllegalStateException("expected " + wanted + ", got " + ids);
        }
        return String.join(" ", ids);
    }

    // Java has no JSON parser of its own. These patterns do for an example; a project would use Jackson or Gson.

    static List<String> ids(String types) {
        return all("\"type\":\"subscription\",\"id\":\"(\\d+)\"", types);
    }

    static String live(String types, String consentType) {
        String pattern = "\"id\":\"(\\d+)\",\"state\":\"live\",\"consent_type\":\"" + consentType + "\"";
        return all(pattern, types).get(0);
    }

    static String text(String json, String key) {
        return all("\"" + key + "\":\"([^\"]*)\"", json).get(0);
    }

    static List<String> all(String pattern, String json) {
        return Pattern.compile(pattern).matcher(json).results()
                .map((MatchResult found) -> found.group(1))
                .collect(Collectors.toList());
    }
}
