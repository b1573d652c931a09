using System.Diagnostics;
using System.Text.Json;
using FedPlatform.Web.Tests.Hosting;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Tests.Supervision;

/// <summary>The real thing: real processes that train, killed for real. The bytes at the end are the judge.</summary>
public class RealAgentTests(RealAgentTests.Baseline baseline) : IClassFixture<RealAgentTests.Baseline>
{
    private const int Rounds = 6;
    private const int Patience = 60;

    private static readonly string Spec = """
        { "name": "Real", "dataset": "digits", "longTail": { "imbalanceFactor": 5 }, "model": "resnet8",
          "partition": { "alpha": 0.5, "clients": 4 },
          "algorithm": { "name": "fedloge", "localEpochs": 2, "batchSize": 16, "classifierSteps": 200 },
          "participation": 0.5, "rounds": 6, "device": "cpu", "workers": 1 }
        """;

    /// <summary>The run that nobody disturbs, on a server that stays for the others.</summary>
    public sealed class Baseline : IAsyncLifetime
    {
        public PlatformServer Server { get; } = new(new Dictionary<string, string?> { ["Runs:StopGraceSeconds"] = "10" });

        public string Checkpoint { get; private set; } = "";

        public JsonElement Run { get; private set; }

        public Guid Id { get; private set; }

        public async ValueTask InitializeAsync()
        {
            Id = await Server.Http.CreateRun(Spec);
            Run = await Server.Http.InState(Id, "Finished", Patience);
            Checkpoint = Run.GetProperty("checkpoint").GetString()!;
        }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }

    [Fact]
    public async Task A_run_that_nobody_disturbs_finishes_with_all_its_numbers()
    {
        Assert.Equal(Rounds, baseline.Run.GetProperty("round").GetInt32());
        Assert.Equal(64, baseline.Checkpoint.Length);
        Assert.InRange(baseline.Run.GetProperty("gm").GetProperty("last").GetDouble(), 0, 1);
        Assert.InRange(baseline.Run.GetProperty("gmClassifier").GetProperty("best").GetDouble(), 0, 1);
        Assert.InRange(baseline.Run.GetProperty("pm").GetProperty("last").GetDouble(), 0, 1);
        Assert.Equal(1, baseline.Run.GetProperty("attempts").GetInt32());

        var rounds = (await baseline.Server.Http.Json($"/api/v1/runs/{baseline.Id}/rounds")).EnumerateArray().ToList();
        Assert.Equal(Enumerable.Range(1, Rounds), rounds.Select(r => r.GetProperty("round").GetInt32()));
        Assert.All(rounds, r => Assert.Equal(4, r.GetProperty("clients").GetArrayLength()));
        Assert.Equal(4, (await baseline.Server.Http.Json($"/api/v1/runs/{baseline.Id}/clients")).GetArrayLength());
        Assert.Equal(10, (await baseline.Server.Http.Json($"/api/v1/runs/{baseline.Id}/classes")).GetArrayLength());
        Assert.True(await baseline.Server.Query(db => db.Events.AnyAsync(e => e.RunId == baseline.Id && e.Kind == Contracts.Live.RunEventKind.Log)));
    }

    [Fact]
    public async Task A_process_killed_in_mid_round_costs_a_moment_and_not_a_byte()
    {
        var http = baseline.Server.Http;
        var id = await http.CreateRun(Spec);
        await AtRound(http, id, 2);

        var pid = await baseline.Server.Query(db => db.Runs.Where(r => r.Id == id).Select(r => r.ProcessId).SingleAsync());
        Process.GetProcessById(pid!.Value).Kill();

        var run = await http.InState(id, "Finished", Patience);
        Assert.Equal(2, run.GetProperty("attempts").GetInt32());
        Assert.Equal(baseline.Checkpoint, run.GetProperty("checkpoint").GetString());
    }

    [Fact]
    public async Task A_run_is_paused_resumed_stopped_and_retried_and_ends_with_the_same_bytes()
    {
        var http = baseline.Server.Http;
        var id = await http.CreateRun(Spec);
        await AtRound(http, id, 1);

        await Do(http, id, "pause");
        var paused = (await http.InState(id, "Paused", Patience)).GetProperty("round").GetInt32();
        Assert.InRange(paused, 1, Rounds - 1);
        await Do(http, id, "resume");
        await AtRound(http, id, paused + 1);
        await Do(http, id, "stop");
        var stopped = (await http.InState(id, "Stopped", Patience)).GetProperty("round").GetInt32();
        Assert.InRange(stopped, paused + 1, Rounds - 1);
        await Do(http, id, "retry");

        var run = await http.InState(id, "Finished", Patience);
        Assert.Equal(3, run.GetProperty("attempts").GetInt32());
        Assert.Equal(baseline.Checkpoint, run.GetProperty("checkpoint").GetString());
    }

    [Fact]
    public async Task A_server_killed_in_mid_round_is_started_again_and_its_run_ends_with_the_same_bytes()
    {
        using var folder = new TemporaryFolder();
        Guid id;
        int child;
        using (var first = await ServerProcess.Start(folder))
        {
            id = await first.Http.CreateRun(Spec);
            await AtRound(first.Http, id, 2);
            child = first.ChildOf(id);
            first.Kill();
        }

        using var second = await ServerProcess.Start(folder);
        var run = await second.Http.InState(id, "Finished", Patience);

        Assert.Equal(2, run.GetProperty("attempts").GetInt32());
        Assert.Equal(baseline.Checkpoint, run.GetProperty("checkpoint").GetString());
        Assert.Null(FedPlatform.Web.Scheduling.ProcessIdentity.Of(child));
        var again = await second.Http.CreateRun(Spec.Replace("\"rounds\": 6", "\"rounds\": 1", StringComparison.Ordinal));
        await second.Http.InState(again, "Finished", Patience);
    }

    private static Task<JsonElement> AtRound(HttpClient http, Guid id, int round) =>
        Waiting.Until(() => http.Run(id), r => r.GetProperty("round").GetInt32() >= round, Patience);

    private static async Task Do(HttpClient http, Guid id, string command)
    {
        using var response = await http.PostAsync($"/api/v1/runs/{id}/{command}", null);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>The built server as a process of its own.</summary>
    private sealed class ServerProcess : IDisposable
    {
        private readonly Process _process;
        private readonly string _root;

        private ServerProcess(Process process, string root, HttpClient http) => (_process, _root, Http) = (process, root, http);

        public HttpClient Http { get; }

        public static async Task<ServerProcess> Start(TemporaryFolder folder)
        {
            var root = Path.Combine(folder.Path, "data");
            var configuration = new DirectoryInfo(AppContext.BaseDirectory).Name;
            var server = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "..", "..", "FedPlatform.Web", configuration, "FedPlatform.Web.dll"));
            Assert.True(File.Exists(server), $"The server is not built at {server}.");
            var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, WorkingDirectory = folder.Path };
            foreach (var argument in (string[])[server, "--urls", "http://127.0.0.1:0", "--Storage:Root", root])
            {
                start.ArgumentList.Add(argument);
            }

            start.Environment["Bootstrap__ApiToken"] = PlatformServer.Token;
            start.Environment["Bootstrap__SampleRun"] = "false";
            var process = Process.Start(start)!;
            const string ready = "FedPlatform is ready: ";
            while (await process.StandardOutput.ReadLineAsync() is { } line)
            {
                if (line.StartsWith(ready, StringComparison.Ordinal))
                {
                    _ = process.StandardOutput.ReadToEndAsync();
                    var http = new HttpClient { BaseAddress = new Uri(line[ready.Length..].Trim()) };
                    http.DefaultRequestHeaders.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", PlatformServer.Token);
                    return new ServerProcess(process, root, http);
                }
            }

            throw new InvalidOperationException("The server ended before it was ready.");
        }

        /// <summary>The process id of a run, from the database of this server.</summary>
        public int ChildOf(Guid run)
        {
            var options = new DbContextOptionsBuilder<Data.PlatformContext>();
            Data.PlatformDatabase.Configure(options, Path.Combine(_root, "fedplatform.db"));
            using var db = new Data.PlatformContext(options.Options);
            return db.Runs.Where(r => r.Id == run).Select(r => r.ProcessId!.Value).Single();
        }

        /// <summary>kill -9, of this process only: its children are left to find out.</summary>
        public void Kill()
        {
            _process.Kill();
            _process.WaitForExit();
        }

        public void Dispose()
        {
            Http.Dispose();
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit();
            }

            _process.Dispose();
        }
    }
}
