// A contact's subscriptions with C#: `mcs Subscriptions.cs && mono Subscriptions.exe`.
// Needs SAYSO_URL and SAYSO_TOKEN in the environment.

using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;

static class Subscriptions
{
    static readonly string Url = Environment.GetEnvironmentVariable("SAYSO_URL");
    static readonly string Token = Environment.GetEnvironmentVariable("SAYSO_TOKEN");

    static void Main()
    {
        var types = Call("GET", "/subscription_types");
        var optIn = Live(types, "opt_in");
        var optOut = Live(types, "opt_out");
        Console.WriteLine("types: " + Ids(types).Count);

        var contact = Call("POST", "/contacts", "{\"email\": \"csharp-" + Guid.NewGuid() + "@example.com\"}");
        var subscriptions = "/contacts/" + Text(contact, "id") + "/subscriptions";
        Console.WriteLine("created: " + Text(contact, "role"));

        // Attaching an opt_in type opts the contact in; attaching an opt_out type opts the contact out.
        Call("POST", subscriptions, "{\"id\": \"" + optIn + "\", \"consent_type\": \"opt_in\"}");
        Call("POST", subscriptions, "{\"id\": \"" + optOut + "\", \"consent_type\": \"opt_out\"}");
        Console.WriteLine("attached: " + Attached(subscriptions, optIn, optOut));

        var detached = Call("DELETE", subscriptions + "/" + optIn);
        Console.WriteLine("detached: " + Text(detached, "id"));
        Console.WriteLine("attached: " + Attached(subscriptions, optOut));

        var missing = Call("GET", "/contacts/000000000000000000000000/subscriptions", status: 404);
        Console.WriteLine("not found: " + Text(missing, "code") + " " + Text(missing, "message"));
        var refused = Call("GET", "/subscription_types", status: 401, token: "wrong-token");
        Console.WriteLine("unauthorized: " + Text(refused, "code") + " " + Text(refused, "message"));
    }

    /// <summary>The body of the answer, which must have that status.</summary>
    static string Call(string method, string path, string body = null, int status = 200, string token = null)
    {
        var request = (HttpWebRequest)WebRequest.Create(Url + path);
        request.Method = method;
        request.Headers["Authorization"] = "Bearer " + (token ?? Token);
        if (body != null)
        {
            request.ContentType = "application/json";
            var sent = Encoding.UTF8.GetBytes(body);
            using (var stream = request.GetRequestStream())
                stream.Write(sent, 0, sent.Length);
        }
        using (var answer = Answer(request))
        using (var reader = new StreamReader(answer.GetResponseStream()))
        {
            var text = reader.ReadToEnd();
            var got = (int)answer.StatusCode;
            if (got != status)
                throw new Exception(method + " " + path + ": expected " + status + ", got " + got + " " + text);
            return text;
        }
    }

    /// <summary>The answer, also where it is an error.</summary>
    static HttpWebResponse Answer(HttpWebRequest request)
    {
        try
        {
            return (HttpWebResponse)request.GetResponse();
        }
        catch (WebException error) when (error.Response != null)
        {
            return (HttpWebResponse)error.Response;
        }
    }

    static string Attached(string subscriptions, params string[] wanted)
    {
        var ids = Ids(Call("GET", subscriptions));
        if (!ids.SequenceEqual(wanted))
            throw new Exception("expected " + string.Join(" ", wanted) + ", got " + string.Join(" ", ids));
        return string.Join(" ", ids);
    }

    // These patterns do for an example; a project would use System.Text.Json or Json.NET.

    static List<string> Ids(string types)
    {
        return All("\"type\":\"subscription\",\"id\":\"(\\d+)\"", types);
    }

    static string Live(string types, string consentType)
    {
        return All("\"id\":\"(\\d+)\",\"state\":\"live\",\"consent_type\":\"" + consentType + "\"", types).First();
    }

    static string Text(string json, string key)
    {
        return All("\"" + key + "\":\"([^\"]*)\"", json).First();
    }

    static List<string> All(string pattern, string json)
    {
        return Regex.Matches(json, pattern).Cast<Match>().Select(found => found.Groups[1].Value).ToList();
    }
}
