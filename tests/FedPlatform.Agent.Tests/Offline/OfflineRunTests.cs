using System.Text.Json;
using FedPlatform.Agent.Offline;
using FedPlatform.Agent.Running;
using FedPlatform.Agent.Terminal;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Learning.Federation;
using Microsoft.Extensions.Logging.Abstractions;

namespace FedPlatform.Agent.Tests.Offline;

public sealed class OfflineRunTests : IDisposable
{
    private static readonly RunSpec s_spec = new() { Name = "test", Dataset = "digits", Rounds = 5, KeepCheckpoints = 2 };

    private readonly TemporaryFolder _temporary = new();
    private readonly StringWriter _output = new(), _error = new();

    private string Out => _temporary["run"];

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void A_run_leaves_its_spec_partition_rounds_summary_and_checkpoints()
    {
        Assert.Equal(AgentProtocol.ExitFinished, Run(new FakeRunner()));

        RunSummary summary = Summary();
        Assert.Equal((RunState.Finished, 5, 5), (summary.State, summary.Round, summary.Rounds));
        Assert.Equal((0.05, 0.05, 5), (summary.Gm.Last, summary.Gm.Best, summary.Gm.BestRound));
        Assert.Equal(5, summary.Seconds);
        Assert.Null(summary.Reason);
        Assert.Equal("checkpoint-000005.safetensors", summary.CheckpointName);
        Assert.Equal(s_spec, Json<RunSpec>("spec.json"));
        Assert.Equal([3, 1], Json<PartitionReport>("partition.json").ClientSizes);
        Assert.Equal([1, 2, 3, 4, 5], Rounds().Select(r => r.Round));
        Assert.Equal([4, 5], Checkpoints());
    }

    [Fact]
    public void Lines_of_the_rounds_file_carry_the_names_that_the_documentation_promises()
    {
        Run(new FakeRunner());

        using JsonDocument line = JsonDocument.Parse(File.ReadLines(Path.Combine(Out, "rounds.jsonl")).First());
        foreach (string name in (string[])["round", "gm", "pm", "perClass", "clients", "seconds"]) Assert.True(line.RootElement.TryGetProperty(name, out _), name);
        using JsonDocument summary = JsonDocument.Parse(File.ReadAllText(Path.Combine(Out, "summary.json")));
        foreach (string name in (string[])["state", "round", "rounds", "gm", "pm", "groups", "reason"]) Assert.True(summary.RootElement.TryGetProperty(name, out _), name);
        Assert.Equal("Finished", summary.RootElement.GetProperty("state").GetString());
    }

    [Fact]
    public void The_newest_checkpoints_and_the_best_one_are_kept()
    {
        Run(new FakeRunner { Gm = round => round == 2 ? 0.9 : 0.1 });

        Assert.Equal([2, 4, 5], Checkpoints());
    }

    [Fact]
    public void A_stopped_run_goes_on_and_ends_like_one_that_was_never_stopped()
    {
        var orders = new RunOrders();
        Assert.Equal(AgentProtocol.ExitStopped, Run(new FakeRunner { InRound = round => { if (round == 3) orders.Give(RunOrder.Stop); } }, orders));
        Assert.Equal((RunState.Stopped, 2), (Summary().State, Summary().Round));

        var again = new FakeRunner();
        Assert.Equal(AgentProtocol.ExitFinished, Run(again, resume: true));

        Assert.Equal(2, again.Input!.CommittedRounds);
        Assert.Equal("checkpoint-000002.safetensors", again.Input.Resume!.Name);
        Assert.Equal([1, 2, 3, 4, 5], Rounds().Select(r => r.Round));
        Assert.Equal((RunState.Finished, 5, 5), (Summary().State, Summary().Round, Summary().Seconds));
        Assert.Equal([4, 5], Checkpoints());
    }

    [Fact]
    public void What_was_not_committed_before_a_crash_is_dropped_on_resume()
    {
        var orders = new RunOrders();
        Run(new FakeRunner { InRound = round => { if (round == 3) orders.Give(RunOrder.Stop); } }, orders);
        // As a kill between the line and the summary leaves it, with half of a further line and of a further checkpoint.
        File.AppendAllText(Path.Combine(Out, "rounds.jsonl"), "{\"round\":3}\n{\"rou");
        FakeRunner.Checkpoint(Out, 3);
        File.WriteAllText(Path.Combine(Out, "checkpoint-000004.safetensors.tmp"), "half");

        using (RunFolder folder = RunFolder.Open(Out))
        {
            folder.Resume();
            Assert.Equal([1, 2], Rounds().Select(r => r.Round));
            Assert.Equal([1, 2], Checkpoints());
            Assert.Empty(Directory.GetFiles(Out, "*.tmp"));
        }

        Assert.Equal(AgentProtocol.ExitFinished, Run(new FakeRunner(), resume: true));
        Assert.Equal([1, 2, 3, 4, 5], Rounds().Select(r => r.Round));
    }

    [Fact]
    public void A_damaged_checkpoint_is_named_and_nothing_is_changed()
    {
        var orders = new RunOrders();
        Run(new FakeRunner { InRound = round => { if (round == 3) orders.Give(RunOrder.Stop); } }, orders);
        File.AppendAllText(Path.Combine(Out, "checkpoint-000002.safetensors"), "!");

        var error = Assert.Throws<RunFolderException>(() => Run(new FakeRunner(), resume: true));

        Assert.Contains("checkpoint-000002.safetensors is damaged", error.Message);
        Assert.Equal(2, Summary().Round);
    }

    [Fact]
    public void A_folder_with_a_run_is_refused_without_resume()
    {
        Run(new FakeRunner());

        var error = Assert.Throws<RunFolderException>(() => Run(new FakeRunner()));

        Assert.Contains("already holds a run (Finished, 5 of 5 rounds)", error.Message);
        Assert.Contains("--resume", error.Message);
    }

    [Fact]
    public void A_finished_run_is_not_run_again_by_resume()
    {
        Run(new FakeRunner());
        var again = new FakeRunner();

        Assert.Equal(AgentProtocol.ExitFinished, Run(again, resume: true));

        Assert.Null(again.Input);
    }

    [Fact]
    public void A_run_that_failed_before_its_first_round_may_be_started_again()
    {
        Assert.Equal(AgentProtocol.ExitFailed, Run(new FakeRunner { InRound = _ => throw new RunFailedException("The loss is not a number.") }));
        Assert.Equal((RunState.Failed, "The loss is not a number."), (Summary().State, Summary().Reason));

        Assert.Equal(AgentProtocol.ExitFinished, Run(new FakeRunner()));
        Assert.Null(Summary().Reason);
    }

    [Fact]
    public void A_folder_in_use_is_refused()
    {
        using RunFolder held = RunFolder.Open(Out);

        Assert.Contains("in use", Assert.Throws<RunFolderException>(() => RunFolder.Open(Out)).Message);
    }

    [Fact]
    public void A_full_disk_pauses_the_run_and_says_so()
    {
        int exit = Run(new FakeRunner { InRound = round => { if (round == 2) throw new IOException("No space left on device", 28); } });

        Assert.Equal(AgentProtocol.ExitPaused, exit);
        Assert.Equal((RunState.Paused, 1), (Summary().State, Summary().Round));
        Assert.StartsWith("No room on the disk", Summary().Reason);
    }

    [Fact]
    public void A_spec_that_differs_where_it_matters_is_told_field_by_field()
    {
        RunSpec changed = s_spec with { Name = "other", Workers = 2, Seed = 9, Algorithm = new AlgorithmSpec { LearningRate = 0.5 } };

        Assert.Equal(["seed: 9 was 1", "algorithm.learningRate: 0.5 was 0.03"], SpecDifference.Between(s_spec, changed));
        Assert.Empty(SpecDifference.Between(s_spec, s_spec with { Name = "other", Workers = 2, KeepCheckpoints = 9, Notes = "n", Rounds = 500 }));
    }

    [Fact]
    public void Output_to_a_file_has_one_plain_line_a_round()
    {
        Run(new FakeRunner());

        string[] lines = _output.ToString().Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(6, lines.Length);
        Assert.Equal("round 3/5  GM 0.0300  PM 0.5000  loss 1.000  1.0 s  ETA 0:02", lines[2]);
        Assert.DoesNotContain('\u001b', _output.ToString());
    }

    [Fact]
    public void On_a_terminal_the_line_rewrites_itself_and_log_lines_do_not_tear_it()
    {
        var terminal = new StringWriter();
        var screen = new Screen(terminal, terminal, interactive: true, () => 20);

        screen.Status("status that is longer than the line");
        screen.Error("log");

        Assert.Equal("\r\u001b[Kstatus that is long\r\u001b[Klog" + Environment.NewLine + "\r\u001b[Kstatus that is long", terminal.ToString());
    }

    public void Dispose() => _temporary.Dispose();

    private int Run(FakeRunner runner, RunOrders? orders = null, bool resume = false)
    {
        using RunFolder folder = RunFolder.Open(Out);
        var display = new RunDisplay(new Screen(_output, _error, interactive: false), s_spec.Rounds);
        return new OfflineRun(runner, folder, s_spec, orders ?? new RunOrders(), display, NullLogger.Instance).Run(resume, Ct);
    }

    private RunSummary Summary() => Json<RunSummary>("summary.json");

    private T Json<T>(string name) => JsonSerializer.Deserialize<T>(File.ReadAllText(Path.Combine(Out, name)), ContractJson.Options)!;

    private IEnumerable<RoundReport> Rounds() =>
        File.ReadAllLines(Path.Combine(Out, "rounds.jsonl")).Select(line => JsonSerializer.Deserialize<RoundReport>(line, ContractJson.Options)!);

    private IEnumerable<int> Checkpoints() =>
        Directory.GetFiles(Out, "checkpoint-*.safetensors").Select(f => int.Parse(Path.GetFileName(f)[11..17])).Order();
}
