using System.Diagnostics;
using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Agent.Tests.Executable;

public sealed class RunTests : IDisposable
{
    private const string Spec = """
        { "name": "tiny", "seed": 3, "dataset": "digits", "longTail": { "imbalanceFactor": 20 },
          "partition": { "kind": "dirichlet", "alpha": 0.5, "clients": 6 }, "model": "cnn",
          "algorithm": { "name": "fedloge", "localEpochs": 1, "batchSize": 16, "classifierSteps": 200 },
          "participation": 0.5, "rounds": ROUNDS, "keepCheckpoints": 2 }
        """;

    private readonly TemporaryFolder _temporary = new();

    [Fact]
    public async Task A_tiny_run_trains_and_leaves_every_file()
    {
        (int exit, string output, string error) = await Run("a", rounds: 2);

        Assert.True(exit == AgentProtocol.ExitFinished, error + output);
        RunSummary summary = Summary("a");
        Assert.Equal((RunState.Finished, 2, 2), (summary.State, summary.Round, summary.Rounds));
        Assert.InRange(summary.Gm.Last!.Value, 0.0, 1.0);
        Assert.InRange(summary.Pm.Last!.Value, 0.0, 1.0);
        Assert.Equal(2, File.ReadLines(Path.Combine(_temporary["a"], "rounds.jsonl")).Count());
        Assert.Equal(6, Read<PartitionReport>("a", "partition.json").ClientSizes.Count);
        Assert.Equal("tiny", Read<RunSpec>("a", "spec.json").Name);
        Assert.Contains("round 2/2  GM 0.", output);
    }

    [Fact]
    public async Task A_run_that_is_killed_at_any_moment_and_resumed_ends_with_the_same_bytes()
    {
        const int Rounds = 12;
        Assert.Equal(AgentProtocol.ExitFinished, (await Run("whole", Rounds)).Exit);

        foreach (int after in (int[])[1, 5])
        {
            using Agent agent = Start("killed", Rounds, resume: true);
            await Until(() => agent.Process.HasExited || Lines("killed") > after);
            agent.Process.Kill();
            await agent.Process.WaitForExitAsync(TestContext.Current.CancellationToken);
            Assert.InRange(Summary("killed").Round, 1, Rounds - 1);
        }

        (int exit, string output, string error) = await Run("killed", Rounds, "--resume", "--workers", "1");
        Assert.True(exit == AgentProtocol.ExitFinished, error + output);

        RunSummary whole = Summary("whole"), killed = Summary("killed");
        Assert.Equal((RunState.Finished, Rounds), (killed.State, killed.Round));
        Assert.Equal(whole.Checkpoint, killed.Checkpoint);
        Assert.Equal(whole.Gm, killed.Gm);
        Assert.Equal(whole.Pm, killed.Pm);
        Assert.Equal(Rounds, Lines("killed"));
    }

    [Fact]
    public async Task An_interrupt_stops_cleanly_and_resume_without_a_spec_goes_on()
    {
        using (Agent agent = Start("stopped", rounds: 40))
        {
            await Until(() => agent.Process.HasExited || Lines("stopped") > 0);
            using Process interrupt = Process.Start("kill", ["-INT", agent.Process.Id.ToString()])!;
            (int stopped, _, string error) = await agent.End();
            Assert.True(stopped == AgentProtocol.ExitStopped, error);
        }

        RunSummary before = Summary("stopped");
        Assert.Equal(RunState.Stopped, before.State);
        Assert.InRange(before.Round, 1, 39);

        (int exit, string output, string errors) = await Agent.Run("run", "--out", _temporary["stopped"], "--resume", "--cache", _temporary["cache"]);
        Assert.True(exit == AgentProtocol.ExitFinished, errors + output);
        Assert.Equal(40, Summary("stopped").Round);
    }

    [Fact]
    public async Task A_bad_spec_is_told_whole_and_nothing_is_begun()
    {
        string spec = Write("bad.json", """{ "dataset": "digits", "longTail": { "imbalanceFactor": 0.5 }, "partition": { "alpha": -1 }, "model": "vgg", "roundz": 3 }""");

        (int exit, _, string error) = await Agent.Run("run", spec, "--out", _temporary["bad"]);

        Assert.Equal(AgentProtocol.ExitBadInput, exit);
        string[] lines = error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (string field in (string[])["longTail.imbalanceFactor", "partition.alpha", "model", "roundz"]) Assert.Contains(lines, l => l.StartsWith(field + ": ", StringComparison.Ordinal));
        Assert.False(Directory.Exists(_temporary["bad"]));
    }

    [Fact]
    public async Task A_folder_with_a_run_is_refused_and_left_as_it_is()
    {
        await Run("a", rounds: 1);
        string before = File.ReadAllText(Path.Combine(_temporary["a"], "summary.json"));

        (int exit, _, string error) = await Run("a", rounds: 1);

        Assert.Equal(AgentProtocol.ExitBadInput, exit);
        Assert.Contains("already holds a run", error);
        Assert.Equal(before, File.ReadAllText(Path.Combine(_temporary["a"], "summary.json")));
    }

    [Fact]
    public async Task A_data_set_that_is_not_there_is_a_problem_of_its_field()
    {
        string spec = Write("cifar.json", """{ "dataset": "cifar100", "model": "resnet8" }""");

        (int exit, _, string error) = await Agent.Run("run", spec, "--out", _temporary["c"], "--data", _temporary.Path);

        Assert.Equal(AgentProtocol.ExitBadInput, exit);
        Assert.StartsWith("dataset: ", error);
        Assert.Contains(_temporary.Path, error);
    }

    [Theory]
    [InlineData("run", "--out", "x")]
    [InlineData("run", "spec.json", "--out", "x", "--server", "http://localhost:1")]
    [InlineData("run", "spec.json", "--out", "x", "--workers", "0")]
    [InlineData("run", "spec.json", "--out", "x", "--epoch", "3")]
    [InlineData("run", "--out", "x", "--server", "http://localhost:1", "--run", "seven", "--epoch", "1")]
    [InlineData("run", "--out", "x", "--server", "nowhere", "--run", "6f9619ff-8b86-d011-b42d-00c04fc964ff", "--epoch", "1")]
    [InlineData("bench", "nothing")]
    [InlineData("fly")]
    public async Task Options_that_do_not_fit_together_are_bad_input(params string[] arguments) =>
        Assert.Equal(AgentProtocol.ExitBadInput, (await Agent.Run(arguments)).Exit);

    [Fact]
    public async Task The_partition_table_is_that_of_the_run()
    {
        await Run("a", rounds: 1);
        PartitionReport report = Read<PartitionReport>("a", "partition.json");

        (int exit, string output, _) = await Agent.Run("partition", _temporary["a.json"]);

        Assert.Equal(AgentProtocol.ExitFinished, exit);
        string[] lines = output.Split('\n');
        for (int k = 0; k < report.ClientSizes.Count; k++)
        {
            string[] cells = lines[k + 1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal([k.ToString(), report.ClientSizes[k].ToString(), report.LocalTestCounts[k].Sum().ToString(), .. report.Counts[k].Select(n => n == 0 ? "·" : n.ToString())], cells);
        }
    }

    [Fact]
    public async Task The_doctor_reports_torch_and_data_sets_as_text_and_as_json()
    {
        (int exit, string output, _) = await Agent.Run("doctor", "--data", _temporary.Path);
        Assert.Equal(0, exit);
        Assert.Contains("Runs will work here.", output);

        (_, string json, _) = await Agent.Run("doctor", "--json", "--data", _temporary.Path);
        using JsonDocument report = JsonDocument.Parse(json);
        Assert.True(report.RootElement.GetProperty("well").GetBoolean());
        Assert.Contains(report.RootElement.GetProperty("findings").EnumerateArray(), f => f.GetProperty("name").GetString() == "digits" && f.GetProperty("state").GetString() == "Ok");
        Assert.Contains(report.RootElement.GetProperty("findings").EnumerateArray(), f => f.GetProperty("name").GetString() == "cifar10" && f.GetProperty("state").GetString() == "Note");
    }

    public void Dispose() => _temporary.Dispose();

    private Agent Start(string name, int rounds, bool resume = false) =>
        Agent.Start([.. Arguments(name, rounds), .. resume ? (string[])["--resume"] : []]);

    private Task<(int Exit, string Output, string Error)> Run(string name, int rounds, params string[] more) => Agent.Run([.. Arguments(name, rounds), .. more]);

    private string[] Arguments(string name, int rounds) =>
        ["run", Write(name + ".json", Spec.Replace("ROUNDS", rounds.ToString())), "--out", _temporary[name], "--cache", _temporary["cache"]];

    private string Write(string name, string text)
    {
        File.WriteAllText(_temporary[name], text);
        return _temporary[name];
    }

    private int Lines(string name)
    {
        string path = Path.Combine(_temporary[name], "rounds.jsonl");
        if (!File.Exists(path)) return 0;
        using var reader = new StreamReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        return reader.ReadToEnd().Count(c => c == '\n');
    }

    private RunSummary Summary(string name) => Read<RunSummary>(name, "summary.json");

    private T Read<T>(string name, string file) => JsonSerializer.Deserialize<T>(File.ReadAllText(Path.Combine(_temporary[name], file)), ContractJson.Options)!;

    private static async Task Until(Func<bool> holds)
    {
        for (int i = 0; i < 6000 && !holds(); i++) await Task.Delay(5);
    }
}
