using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;

namespace FedPlatform.Web.Tests.Hosting;

/// <summary>
/// A process that the server supervises like a run's, but that leaves the protocol to the test: it writes its lease into the
/// run's folder, ends with the code it finds there, and goes when its standard input closes.
/// </summary>
public static class StandInAgent
{
    public static string Write(TemporaryFolder folder)
    {
        var path = System.IO.Path.Combine(folder.Path, "agent.sh");
        File.WriteAllText(path, """
            #!/bin/sh
            # run --server URL --run ID --epoch N --out DIR
            exec 3<&0
            (cat <&3 >/dev/null; kill -9 $$) >/dev/null 2>&1 &
            printf '%s %s %s' "$7" "$$" "$FEDPLATFORM_LEASE_TOKEN" > "$9/lease.$7.new"
            mv "$9/lease.$7.new" "$9/lease.$7"
            while [ ! -f "$9/exit.$7" ]; do sleep 0.03; done
            if [ -f "$9/say.$7" ]; then cat "$9/say.$7" >&2; fi
            code=$(cat "$9/exit.$7")
            exit "$code"

            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}

/// <summary>A server whose runs are processes that the test plays. Linux and macOS.</summary>
public class PlayedServer : PlatformServer
{
    public PlayedServer()
        : this(new Dictionary<string, string?>())
    {
    }

    public PlayedServer(IDictionary<string, string?> settings, TimeProvider? time = null)
        : this(new TemporaryFolder(), settings, time)
    {
    }

    private PlayedServer(TemporaryFolder folder, IDictionary<string, string?> settings, TimeProvider? time)
        : base(new Dictionary<string, string?>(settings) { ["Agent:Path"] = StandInAgent.Write(folder) }, time, folder)
    {
    }

    /// <summary>The process of a run's epoch, once it has started.</summary>
    public async Task<PlayedRun> Play(Guid run, long epoch = 1)
    {
        var folder = Layout.RunFolder(run);
        var lease = Path.Combine(folder, $"lease.{epoch}");
        await Waiting.Until(() => Task.FromResult(File.Exists(lease)), exists => exists);
        var parts = (await File.ReadAllTextAsync(lease)).Split(' ');
        return new PlayedRun(this, run, epoch, int.Parse(parts[1]), parts[2], folder);
    }
}

/// <summary>The agent's side of a run, by hand.</summary>
public sealed class PlayedRun
{
    public PlayedRun(PlatformServer server, Guid run, long epoch, int processId, string token, string folder)
    {
        (Run, Epoch, ProcessId, Token, Folder) = (run, epoch, processId, token, folder);
        Http = new HttpClient { BaseAddress = server.Address };
        Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        Http.DefaultRequestHeaders.Add(AgentProtocol.EpochHeader, epoch.ToString());
    }

    public Guid Run { get; }
    public long Epoch { get; }
    public int ProcessId { get; }
    public string Token { get; }
    public string Folder { get; }
    public HttpClient Http { get; }

    public Task<RunAssignment?> Attach() => Http.GetFromJsonAsync<RunAssignment>(AgentProtocol.AssignmentPath(Run), ContractJson.Options);

    public async Task<LeaseAnswer> Renew()
    {
        using var response = await Http.PostAsJsonAsync(AgentProtocol.LeasePath(Run), new LeaseRenewal { Epoch = Epoch }, ContractJson.Options);
        return (await response.Content.ReadFromJsonAsync<LeaseAnswer>(ContractJson.Options))!;
    }

    public async Task<HttpResponseMessage> Commit(int round, double gm = 0.5, string? content = null, long? epoch = null, Func<RoundCommit, RoundCommit>? change = null)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(content ?? $"checkpoint of round {round}");
        var name = $"checkpoint-{round:000000}.safetensors";
        await File.WriteAllBytesAsync(Path.Combine(Folder, name), bytes);
        var commit = new RoundCommit
        {
            Epoch = epoch ?? Epoch,
            Report = Report(round, gm),
            Checkpoint = new CheckpointFile { Name = name, Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)), Bytes = bytes.Length },
        };
        return await Http.PostAsJsonAsync(AgentProtocol.CommitPath(Run), change?.Invoke(commit) ?? commit, ContractJson.Options);
    }

    public async Task End(RunEndKind kind, string? reason = null)
    {
        using var response = await Http.PostAsJsonAsync(AgentProtocol.EndPath(Run), new RunEnd { Epoch = Epoch, Kind = kind, Reason = reason }, ContractJson.Options);
        response.EnsureSuccessStatusCode();
    }

    public void Exit(int code, string? saying = null)
    {
        if (saying is not null)
        {
            File.WriteAllText(Path.Combine(Folder, $"say.{Epoch}"), saying + "\n");
        }

        var written = Path.Combine(Folder, $"exit.{Epoch}.new");
        File.WriteAllText(written, code.ToString());
        File.Move(written, Path.Combine(Folder, $"exit.{Epoch}"));
    }

    /// <summary>kill -9.</summary>
    public void Kill() => System.Diagnostics.Process.GetProcessById(ProcessId).Kill();

    public static RoundReport Report(int round, double gm) => new()
    {
        Round = round,
        Gm = gm,
        GmClassifier = gm - 0.1,
        Pm = gm + 0.1,
        Loss = 1.0 / (round + 1),
        Groups = new GroupAccuracy { Head = 0.9, Medium = 0.5, Tail = gm / 2 },
        PerClass = [.. Enumerable.Repeat(gm, 10)],
        PerClassClassifier = [.. Enumerable.Repeat(gm - 0.1, 10)],
        Confusion = [.. Enumerable.Range(0, 100)],
        Clients = [.. Enumerable.Range(0, 4).Select(k => new ClientReport { Id = k, Samples = 10 * (k + 1), Pm = k / 10.0, PerClass = [0.5, null] })],
        Seconds = 0.5,
    };

    public static PartitionReport Plan() => new()
    {
        ClassNames = [.. Enumerable.Range(0, 10).Select(c => c.ToString())],
        ClassCounts = [.. Enumerable.Range(0, 10).Select(c => 100 - (10 * c))],
        TestCounts = [.. Enumerable.Repeat(50, 10)],
        GroupsByCounts = [.. Enumerable.Repeat("medium", 10)],
        GroupsByCumulative = [.. Enumerable.Repeat("head", 10)],
        ClientSizes = [10, 20, 30, 40],
        Counts = [.. Enumerable.Range(0, 4).Select(k => (IReadOnlyList<int>)[.. Enumerable.Repeat(k + 1, 10)])],
        LocalTestCounts = [.. Enumerable.Range(0, 4).Select(_ => (IReadOnlyList<int>)[.. Enumerable.Repeat(5, 10)])],
    };
}

public sealed class SharedServer : PlayedServer;

/// <summary>One played server for all tests that need no settings of their own.</summary>
[CollectionDefinition(Name)]
public class PlayedServerCollection : ICollectionFixture<SharedServer>
{
    public const string Name = "played server";
}
