using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Specs;
using FedPlatform.Web.Tests.Hosting;

namespace FedPlatform.Web.Tests.Api;

[Collection(PlayedServerCollection.Name)]
public class RunsApiTests(SharedServer server)
{
    private const string IssueSpec = """
        { "name": "FedLoGe on Digits", "seed": 1, "dataset": "digits", "longTail": { "imbalanceFactor": 20 },
          "partition": { "kind": "dirichlet", "alpha": 0.5, "clients": 10 }, "model": "resnet8",
          "algorithm": { "name": "fedloge", "localEpochs": 2, "batchSize": 16, "learningRate": 0.03, "momentum": 0.5 },
          "participation": 0.5, "rounds": 30, "evaluateEvery": 1, "device": "cpu" }
        """;

    [Fact]
    public async Task A_spec_in_json_is_queued_and_answered_with_its_place_and_id()
    {
        using var response = await Post(IssueSpec);

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        Assert.Equal($"/api/v1/runs/{id}", response.Headers.Location!.ToString());
        var run = await server.Http.Run(id);
        Assert.Equal("FedLoGe on Digits", run.GetProperty("name").GetString());
        Assert.Equal(0, run.GetProperty("round").GetInt32());
        Assert.Equal(30, run.GetProperty("rounds").GetInt32());
        foreach (var name in (string[])["state", "gm", "gmClassifier", "pm", "groups", "reason", "spec"])
        {
            Assert.True(run.TryGetProperty(name, out _), $"The run lacks {name}.");
        }

        Assert.Equal(0.5, run.GetProperty("spec").GetProperty("partition").GetProperty("alpha").GetDouble());
    }

    [Fact]
    public async Task A_spec_in_yaml_means_the_same_as_in_json()
    {
        using var response = await Post("name: From YAML\ndataset: digits\npartition:\n  alpha: 0.25\n  clients: 5\nrounds: 2\n", "application/yaml");

        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        var id = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("id").GetGuid();
        var spec = (await server.Http.Run(id)).GetProperty("spec");
        Assert.Equal("From YAML", spec.GetProperty("name").GetString());
        Assert.Equal(0.25, spec.GetProperty("partition").GetProperty("alpha").GetDouble());
    }

    [Fact]
    public async Task Everything_wrong_with_a_spec_is_said_at_once_field_by_field()
    {
        using var response = await Post("""
            { "dataset": "digits", "longTail": { "imbalanceFactor": 0.5 }, "partition": { "alpha": -1, "clients": 100000 },
              "model": "resnet9000", "participation": 0, "colour": "red" }
            """);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
        var errors = (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors");
        foreach (var field in (string[])["longTail.imbalanceFactor", "partition.alpha", "model", "participation", "colour"])
        {
            Assert.True(errors.TryGetProperty(field, out _), $"Nothing is said about {field}: {errors}");
        }

        Assert.Contains("-1", errors.GetProperty("partition.alpha")[0].GetString());
    }

    [Fact]
    public async Task More_clients_than_samples_is_refused()
    {
        using var response = await Post("""{ "dataset": "digits", "partition": { "clients": 5000 } }""");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.True((await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("errors").TryGetProperty("partition.clients", out _));
    }

    [Theory]
    [InlineData("{ \"dataset\": ", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("<spec/>", "application/xml", HttpStatusCode.UnsupportedMediaType)]
    [InlineData("{ \"dataset\": \"digits\", \"device\": \"cuda:31\" }", "application/json", HttpStatusCode.BadRequest)]
    [InlineData("{ \"dataset\": \"cifar10\" }", "application/json", HttpStatusCode.BadRequest)]
    public async Task A_body_that_is_no_spec_is_a_problem_and_no_run(string body, string type, HttpStatusCode expected)
    {
        using var response = await Post(body, type);

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task The_list_filters_searches_sorts_and_pages()
    {
        var (http, _, _) = await server.NewTeam();
        foreach (var name in (string[])["beta", "alpha", "gamma 100%"])
        {
            await http.CreateRun(ApiClient.Spec(name));
        }

        Assert.Equal(["alpha", "beta", "gamma 100%"], await Names(http, "sort=name"));
        Assert.Equal(["gamma 100%", "alpha", "beta"], await Names(http, "sort=-created"));
        Assert.Equal(["gamma 100%"], await Names(http, "search=100%25"));
        Assert.Equal(["beta"], await Names(http, "sort=name&skip=1&take=1"));
        Assert.Empty(await Names(http, "algorithm=fedloge"));
        Assert.Empty(await Names(http, "state=Finished"));
        Assert.Equal(3, (await http.Json("/api/v1/runs?take=1")).GetProperty("total").GetInt32());
        using var wrong = await http.GetAsync("/api/v1/runs?state=Dancing");
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task Rounds_clients_and_classes_show_what_was_committed()
    {
        var id = await server.Http.CreateRun(ApiClient.Spec(rounds: 5));
        Assert.Empty((await server.Http.Json($"/api/v1/runs/{id}/rounds")).EnumerateArray());
        Assert.Empty((await server.Http.Json($"/api/v1/runs/{id}/classes")).EnumerateArray());
        var agent = await server.Play(id);
        await agent.Attach();
        using (var partition = await agent.Http.PostAsJsonAsync(AgentProtocol.PartitionPath(id), PlayedRun.Plan(), ContractJson.Options))
        {
            partition.EnsureSuccessStatusCode();
        }

        foreach (var (round, gm) in ((int, double)[])[(1, 0.3), (2, 0.6), (3, 0.5)])
        {
            (await agent.Commit(round, gm)).EnsureSuccessStatusCode();
        }

        var run = await server.Http.Run(id);
        Assert.Equal("Running", run.GetProperty("state").GetString());
        Assert.Equal(3, run.GetProperty("round").GetInt32());
        Assert.Equal(0.5, run.GetProperty("gm").GetProperty("last").GetDouble());
        Assert.Equal(0.6, run.GetProperty("gm").GetProperty("best").GetDouble());
        Assert.Equal(2, run.GetProperty("gm").GetProperty("bestRound").GetInt32());
        Assert.Equal(0.25, run.GetProperty("groups").GetProperty("tail").GetDouble());
        Assert.Equal(1.0, run.GetProperty("etaSeconds").GetDouble());

        var rounds = (await server.Http.Json($"/api/v1/runs/{id}/rounds?after=1")).EnumerateArray().ToList();
        Assert.Equal([2, 3], rounds.Select(r => r.GetProperty("round").GetInt32()));
        Assert.Equal(10, rounds[0].GetProperty("perClass").GetArrayLength());
        Assert.Equal(4, rounds[0].GetProperty("clients").GetArrayLength());

        var curves = (await server.Http.Json($"/api/v1/runs/{id}/rounds?content=curves")).EnumerateArray().ToList();
        Assert.Equal([0.3, 0.6, 0.5], curves.Select(r => r.GetProperty("gm").GetDouble()));
        Assert.Equal(0, curves[0].GetProperty("perClass").GetArrayLength());

        var clients = (await server.Http.Json($"/api/v1/runs/{id}/clients")).EnumerateArray().ToList();
        Assert.Equal([10, 20, 30, 40], clients.Select(c => c.GetProperty("samples").GetInt32()));
        Assert.Equal(0.3, clients[3].GetProperty("report").GetProperty("pm").GetDouble());
        Assert.Equal(4, clients[3].GetProperty("counts")[0].GetInt32());

        var classes = (await server.Http.Json($"/api/v1/runs/{id}/classes")).EnumerateArray().ToList();
        Assert.Equal(10, classes.Count);
        Assert.Equal(90, classes[1].GetProperty("trainCount").GetInt32());
        Assert.Equal("medium", classes[1].GetProperty("group").GetString());
        Assert.Equal(0.5, classes[1].GetProperty("gm").GetDouble());
    }

    [Fact]
    public async Task An_artifact_is_opened_by_its_id_and_by_nothing_that_looks_like_a_path()
    {
        var id = await server.Http.CreateRun(ApiClient.Spec("Artifacts"));
        var agent = await server.Play(id);
        await agent.Attach();
        (await agent.Commit(1, content: "the bytes")).EnsureSuccessStatusCode();

        var artifacts = (await server.Http.Json($"/api/v1/runs/{id}/artifacts")).EnumerateArray().ToList();
        var checkpoint = artifacts.Single(a => a.GetProperty("kind").GetString() == "checkpoint").GetProperty("id").GetString();
        Assert.Equal("the bytes", await server.Http.GetStringAsync($"/api/v1/runs/{id}/artifacts/{checkpoint}"));
        var spec = JsonSerializer.Deserialize<RunSpec>(await server.Http.GetStringAsync($"/api/v1/runs/{id}/artifacts/spec-json"), ContractJson.Options);
        Assert.Equal("Artifacts", spec!.Name);
        Assert.Single((await server.Http.GetStringAsync($"/api/v1/runs/{id}/artifacts/rounds")).Split('\n', StringSplitOptions.RemoveEmptyEntries));

        foreach (var path in (string[])["lease.1", "..%2f..%2ffedplatform.db", "%2e%2e%2ffedplatform.db", "%252e%252e%252ffedplatform.db", "checkpoint-000001.safetensors", Guid.NewGuid().ToString("N"), "spec-json%00", ";spec-json"])
        {
            using var response = await server.Http.GetAsync($"/api/v1/runs/{id}/artifacts/{path}");
            Assert.True(response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{path} answered {response.StatusCode}.");
        }
    }

    [Fact]
    public async Task A_queued_run_waits_with_its_place_and_is_paused_resumed_stopped_and_retried_at_once()
    {
        var (http, _, _) = await server.NewTeam();
        var holder = await http.CreateRun(ApiClient.Spec("Holder", device: "cuda:0"));
        var agent = await server.Play(holder);
        var first = await http.CreateRun(ApiClient.Spec("First", device: "cuda:0"));
        var second = await http.CreateRun(ApiClient.Spec("Second", device: "cuda:0"));

        Assert.Equal(1, (await http.Run(first)).GetProperty("queuePosition").GetInt32());
        Assert.Equal(2, (await http.Run(second)).GetProperty("queuePosition").GetInt32());

        Assert.Equal((HttpStatusCode.OK, "Paused"), await Command(http, first, "pause"));
        Assert.Equal((HttpStatusCode.Conflict, "Paused"), await Command(http, first, "retry"));
        Assert.Equal(1, (await http.Run(second)).GetProperty("queuePosition").GetInt32());
        Assert.Equal((HttpStatusCode.OK, "Queued"), await Command(http, first, "resume"));
        Assert.Equal(2, (await http.Run(first)).GetProperty("queuePosition").GetInt32());
        Assert.Equal((HttpStatusCode.OK, "Stopped"), await Command(http, first, "stop"));
        Assert.Equal((HttpStatusCode.Conflict, "Stopped"), await Command(http, first, "resume"));
        Assert.Equal((HttpStatusCode.OK, "Queued"), await Command(http, first, "retry"));
        Assert.Equal((HttpStatusCode.OK, "Stopped"), await Command(http, first, "stop"));

        // The slot is given back and the next in line takes it.
        await agent.End(Contracts.Agents.RunEndKind.FailedForGood, "Enough.");
        agent.Exit(1);
        await server.Play(second);
        Assert.Equal("Failed", await http.State(holder));
        Assert.Equal("Stopped", await http.State(first));
        await Command(http, second, "stop");
        await http.InState(second, "Stopped");
    }

    [Fact]
    public async Task Data_sets_are_listed_with_what_is_wrong_with_the_absent_ones()
    {
        var sets = (await server.Http.Json("/api/v1/datasets")).EnumerateArray().ToDictionary(d => d.GetProperty("key").GetString()!);

        Assert.Equal(10, sets["digits"].GetProperty("info").GetProperty("classNames").GetArrayLength());
        Assert.Equal(JsonValueKind.Null, sets["digits"].GetProperty("problem").ValueKind);
        Assert.Equal(JsonValueKind.String, sets["cifar10"].GetProperty("problem").ValueKind);
    }

    [Fact]
    public async Task The_partition_preview_counts_every_sample_of_the_long_tail_once()
    {
        using var response = await server.Http.PostAsync("/api/v1/partition-preview", new StringContent(IssueSpec, Encoding.UTF8, "application/json"));
        var report = await response.Content.ReadFromJsonAsync<JsonElement>();

        var samples = report.GetProperty("classCounts").EnumerateArray().Sum(c => c.GetInt32());
        Assert.Equal(10, report.GetProperty("counts").GetArrayLength());
        Assert.Equal(samples, report.GetProperty("clientSizes").EnumerateArray().Sum(c => c.GetInt32()));
        using var wrong = await server.Http.PostAsync("/api/v1/partition-preview", new StringContent("""{ "dataset": "digits", "partition": { "alpha": 0 } }""", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task The_openapi_document_names_every_address_of_the_api()
    {
        using var nobody = server.Client(null);
        var paths = (await nobody.Json("/openapi/v1.json")).GetProperty("paths").EnumerateObject().Select(p => p.Name).ToHashSet();

        foreach (var path in (string[])["/runs", "/runs/{id}", "/runs/{id}/rounds", "/runs/{id}/clients", "/runs/{id}/classes", "/runs/{id}/stop", "/runs/{id}/pause", "/runs/{id}/resume", "/runs/{id}/retry", "/runs/{id}/artifacts/{artifact}", "/datasets", "/partition-preview"])
        {
            Assert.Contains("/api/v1" + path, paths);
        }
    }

    [Fact]
    public async Task An_address_that_does_not_exist_is_a_problem_too()
    {
        using var response = await server.Http.GetAsync("/api/v1/elephants");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType!.MediaType);
    }

    internal static async Task<(HttpStatusCode Status, string State)> Command(HttpClient http, Guid id, string command)
    {
        using var response = await http.PostAsync($"/api/v1/runs/{id}/{command}", null);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("state").GetString()!);
    }

    private static async Task<IReadOnlyList<string>> Names(HttpClient http, string query) =>
        [.. (await http.Json("/api/v1/runs?" + query)).GetProperty("runs").EnumerateArray().Select(r => r.GetProperty("name").GetString()!)];

    private Task<HttpResponseMessage> Post(string body, string type = "application/json") =>
        server.Http.PostAsync("/api/v1/runs", new StringContent(body, Encoding.UTF8, type));
}
