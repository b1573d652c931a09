using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Learning.Federation;
using FedPlatform.Learning.Torch;

namespace FedPlatform.Learning.Tests;

public sealed class FederatedRunTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("fedloge")]
    [InlineData("fedavg")]
    public void Any_number_of_workers_gives_the_same_bytes_and_numbers(string algorithm)
    {
        RunSpec spec = Samples.FedLoGe with { Participation = 1, Rounds = 2, Augmentation = new AugmentationSpec { CropPadding = 1, HorizontalFlip = true }, Algorithm = Samples.FedLoGe.Algorithm with { Name = algorithm } };
        RecordingObserver[] runs = [.. new[] { 1, 2, 3 }.Select(workers => Samples.Run(spec with { Workers = workers }, Sub($"w{workers}")).Observer)];
        foreach (RecordingObserver other in runs[1..])
        {
            Assert.Equal(runs[0].Checkpoints.Select(c => c.Sha256), other.Checkpoints.Select(c => c.Sha256));
            for (int i = 0; i < 2; i++) Assert.Equivalent(Timeless(runs[0].Rounds[i]), Timeless(other.Rounds[i]), strict: true);
        }
    }

    [Theory]
    [InlineData("fedloge")]
    [InlineData("fedavg")]
    public void A_resumed_run_ends_with_the_bytes_of_an_uninterrupted_one(string algorithm)
    {
        RunSpec spec = Samples.FedLoGe with { Algorithm = Samples.FedLoGe.Algorithm with { Name = algorithm } };
        RecordingObserver whole = Samples.Run(spec, Sub("whole")).Observer;

        var pausing = new RecordingObserver { Orders = o => o.Rounds.Count == 2 ? RunOrder.Pause : RunOrder.GoOn };
        Assert.Equal(RunOutcome.Paused, Samples.Run(spec, Sub("parts"), observer: pausing).Outcome);
        (RecordingObserver rest, RunOutcome outcome) = Samples.Run(spec, Sub("parts"), before: pausing);

        Assert.Equal(RunOutcome.Finished, outcome);
        Assert.Equal([1, 2], pausing.Rounds.Select(r => r.Round));
        Assert.Equal([3, 4], rest.Rounds.Select(r => r.Round));
        Assert.Equal(whole.Checkpoints.Select(c => c.Sha256), [.. pausing.Checkpoints.Select(c => c.Sha256), .. rest.Checkpoints.Select(c => c.Sha256)]);
        Assert.Equivalent(Timeless(whole.Rounds[^1]), Timeless(rest.Rounds[^1]), strict: true);
    }

    [Fact]
    public void A_stop_abandons_the_round_in_progress()
    {
        var observer = new RecordingObserver { Orders = o => o.Rounds.Count == 1 && o.Seen.Any(p => p.Round == 2) ? RunOrder.Stop : RunOrder.GoOn };
        RunSpec spec = Samples.FedAvg with { Algorithm = Samples.FedAvg.Algorithm with { LocalEpochs = 40 } };
        Assert.Equal(RunOutcome.Stopped, Samples.Run(spec, folder.Path, observer: observer).Outcome);
        Assert.Single(observer.Rounds);
        Assert.Single(Directory.GetFiles(folder.Path, "checkpoint-*"));
    }

    [Fact]
    public void A_report_holds_every_measure_and_they_agree_with_each_other()
    {
        RecordingObserver run = Samples.Run(Samples.FedLoGe, folder.Path).Observer;
        RoundReport r = run.Rounds[^1];
        PartitionReport p = run.Partition!;
        int classes = p.ClassCounts.Count, test = p.TestCounts.Sum();

        Assert.Equal(classes * classes, r.Confusion.Count);
        Assert.Equal(test, r.Confusion.Sum());
        Assert.Equal(r.Gm!.Value, (double)Enumerable.Range(0, classes).Sum(c => r.Confusion[c * classes + c]) / test, 12);
        Assert.Equal(r.Gm.Value, r.PerClass.Average(), 12);
        Assert.NotNull(r.GmClassifier);
        Assert.NotNull(r.GmAuxiliary);

        // GM = Σ |group|·acc_group / C, by either rule.
        foreach ((string rule, IReadOnlyList<string> groups) in new[] { ("counts", p.GroupsByCounts), ("cumulative", p.GroupsByCumulative) })
        {
            GroupAccuracy g = r.GroupsByRule[rule];
            double sum = Share("head", g.Head) + Share("medium", g.Medium) + Share("tail", g.Tail);
            Assert.Equal(r.Gm.Value, sum / classes, 9);
            double Share(string name, double? accuracy) => groups.Count(x => x == name) * (accuracy ?? 0);
        }

        Assert.Equivalent(r.GroupsByRule["counts"], r.Groups);
        string[] keys = [.. from v in new[] { "figure", "reference", "before" } from m in new[] { "none", "train", "test" } select $"{v}/{m}"];
        Assert.Equal(keys.Order(), r.PmVariants.Keys.Order());
        Assert.Equal(r.PmVariants["figure/train"], r.Pm!.Value, 12);
        Assert.Equal(r.Pm.Value, r.Clients.Average(c => c.Pm)!.Value, 12);
        Assert.Equal(r.PmWorst, r.Clients.Min(c => c.Pm));
        Assert.True(r.PmVariants["figure/none"] <= r.PmVariants["figure/train"] + 1e-12);
        Assert.True(r.PmVariants["figure/train"] <= r.PmVariants["figure/test"] + 1e-12);

        Assert.Equal(Enumerable.Range(0, 6), r.Clients.Select(c => c.Id));
        Assert.Equal(p.ClientSizes, r.Clients.Select(c => c.Samples));
        Assert.Equal(3, r.Clients.Count(c => c.Selected));
        foreach (ClientReport c in r.Clients)
        {
            Assert.Equal(c.Selected, c.Loss is not null);
            Assert.Equal(c.Selected, c.UpdateNorm is > 0);
            Assert.Equal(c.Selected, c.UpdateCosine is > 0 and <= 1);
            Assert.Equal(p.LocalTestCounts[c.Id].Select(n => n > 0), c.PerClass.Select(v => v is not null));
            Assert.Equal(c.Pm!.Value, c.PerClass.Select((v, k) => (v ?? 0) * p.LocalTestCounts[c.Id][k]).Sum() / p.LocalTestCounts[c.Id].Sum(), 9);
            Assert.InRange(c.MacroF1!.Value, 0, 1);
            Assert.InRange(c.WeightedF1!.Value, 0, 1);
        }

        Assert.Equal(r.Loss!.Value, r.Clients.Where(c => c.Selected).Sum(c => c.Loss!.Value * c.Samples) / r.Clients.Where(c => c.Selected).Sum(c => c.Samples), 9);
        Assert.Equal(["aggregate", "checkpoint", "evaluate", "train"], r.Phases.Keys.Order());
        Assert.Equal(r.Seconds, r.Phases.Values.Sum(), 0.2);
    }

    [Fact]
    public void FedAvg_measures_the_global_model_on_every_client()
    {
        RoundReport r = Samples.Run(Samples.FedAvg with { Rounds = 1 }, folder.Path).Observer.Rounds[0];
        Assert.Equal(r.Gm, r.GmClassifier);
        Assert.Null(r.GmAuxiliary);
        Assert.Equal(["global/none", "global/test", "global/train"], r.PmVariants.Keys.Order());
        Assert.Equal(r.PmVariants["global/none"], r.Clients.Average(c => c.Gm)!.Value, 12);
    }

    [Fact]
    public void Rounds_between_evaluations_have_no_measures_and_the_last_always_has()
    {
        List<RoundReport> rounds = Samples.Run(Samples.FedAvg with { EvaluateEvery = 3, Rounds = 4 }, folder.Path).Observer.Rounds;
        Assert.Equal([false, false, true, true], rounds.Select(r => r.Gm is not null));
        Assert.Empty(rounds[0].PerClass);
        Assert.Empty(rounds[0].PmVariants);
        Assert.All(rounds, r => Assert.NotNull(r.Loss));
    }

    [Fact]
    public void One_selected_client_is_the_new_model_and_no_other_clients_phi_moves()
    {
        RunSpec spec = Samples.FedLoGe with { Participation = 0.01, Rounds = 3 };
        RecordingObserver run = Samples.Run(spec, folder.Path).Observer;
        var trained = new SortedSet<string>();
        for (int round = 1; round <= 3; round++)
        {
            ClientReport selected = Assert.Single(run.Rounds[round - 1].Clients, c => c.Selected);
            trained.Add($"client.{selected.Id:D6}.phi");
            IReadOnlyDictionary<string, NamedTensor> now = Tensors(round);
            Assert.Equal(trained, now.Keys.Where(k => k.StartsWith("client.", StringComparison.Ordinal)).Order());

            // With one client the mean is that client's upload: its update's direction is the mean's.
            Assert.Equal(1, selected.UpdateCosine!.Value, 5);
            if (round == 1) continue;
            IReadOnlyDictionary<string, NamedTensor> before = Tensors(round - 1);
            foreach (string key in before.Keys.Where(k => k.StartsWith("client.", StringComparison.Ordinal) && k != $"client.{selected.Id:D6}.phi")) Assert.Equal(before[key].Floats(), now[key].Floats());
        }

        Assert.Equal(Tensors(1)["head.etf"].Floats(), Tensors(3)["head.etf"].Floats());
    }

    [Fact]
    public void A_zero_learning_rate_moves_nothing_but_batch_statistics()
    {
        RunSpec spec = Samples.FedLoGe with { Rounds = 2, Participation = 1, Algorithm = Samples.FedLoGe.Algorithm with { LearningRate = 0 } };
        Samples.Run(spec, folder.Path);
        IReadOnlyDictionary<string, NamedTensor> first = Tensors(1), second = Tensors(2);
        foreach ((string name, NamedTensor tensor) in first)
        {
            bool statistics = name.Contains("running_", StringComparison.Ordinal);
            float difference = tensor.Floats().Zip(second[name].Floats()).Max(p => Math.Abs(p.First - p.Second));
            if (statistics) Assert.True(difference > 1e-4, name);
            else Assert.True(difference <= 1e-6, $"{name} moved by {difference}");
        }
    }

    [Fact]
    public void Clients_without_data_are_skipped_and_a_round_of_them_leaves_the_model()
    {
        // 4 images among 12 clients: most are empty.
        LoadedDataset data = Samples.Synthetic(new ImageShape(1, 8, 8), 2, 2, 5);
        RunSpec spec = Samples.FedAvg with { Dataset = "synthetic", LongTail = new LongTailSpec(), Partition = new PartitionSpec { Kind = "dirichlet", Alpha = 0.5, Clients = 12 }, Participation = 0.2, Rounds = 16 };
        RecordingObserver run = Samples.Run(spec, folder.Path, data).Observer;
        Assert.Equal(16, run.Rounds.Count);
        int[] idle = [.. run.Rounds.Where(r => r.Loss is null).Select(r => r.Round)];
        Assert.NotEmpty(idle);
        Assert.Contains(run.Rounds, r => r.Loss is not null);
        foreach (int round in idle.Where(r => r > 1)) Assert.Equal(Tensors(round - 1)["backbone.stem.conv.weight"].Floats(), Tensors(round)["backbone.stem.conv.weight"].Floats());
        Assert.All(run.Rounds.SelectMany(r => r.Clients).Where(c => c.Samples == 0), c => Assert.Null(c.Loss ?? c.Pm));
        Assert.Contains(run.Lines, l => l.StartsWith("warning", StringComparison.Ordinal));
    }

    [Fact]
    public void A_loss_that_is_no_number_fails_with_round_and_client_and_commits_nothing()
    {
        var observer = new RecordingObserver();
        RunSpec spec = Samples.FedAvg with { Algorithm = Samples.FedAvg.Algorithm with { LearningRate = 1e20 } };
        RunFailedException e = Assert.Throws<RunFailedException>(() => Samples.Run(spec, folder.Path, observer: observer));
        Assert.Contains("Round 1", e.Message, StringComparison.Ordinal);
        Assert.Contains("client", e.Message, StringComparison.Ordinal);
        Assert.Contains("learning rate", e.Message, StringComparison.Ordinal);
        Assert.Empty(observer.Rounds);
        Assert.Empty(Directory.GetFiles(folder.Path, "*.safetensors*"));
    }

    [Fact]
    public void A_checkpoint_that_was_changed_or_belongs_elsewhere_is_refused()
    {
        RunSpec spec = Samples.FedAvg with { Rounds = 1 };
        RecordingObserver run = Samples.Run(spec, folder.Path).Observer;
        CheckpointFile file = run.Checkpoints[0];

        Refused("another spec", spec with { Seed = 2, Rounds = 2 }, file, 1);
        Refused("SHA-256", spec, file with { Sha256 = new string('0', 64) }, 1);
        Refused("missing", spec, file with { Name = "checkpoint-000009.safetensors" }, 1);
        Refused("round 1", spec, file, 2);
        Refused("no checkpoint", spec, null, 1);

        // More rounds, another name, more workers: still the same run.
        Assert.Equal(RunOutcome.Finished, Samples.Run(spec with { Rounds = 2, Name = "x", Workers = 1 }, folder.Path, before: run).Outcome);

        void Refused(string because, RunSpec asked, CheckpointFile? resume, int committed)
        {
            var setup = new RunSetup(asked, Samples.Digits, folder.Path, folder.Path, resume, committed);
            Assert.Contains(because, Assert.Throws<RunFailedException>(() => new FederatedRun(setup, new RecordingObserver(), TimeProvider.System).Run(TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_checkpoint_that_cannot_be_written_is_an_IOException_and_leaves_nothing()
    {
        // A folder where the checkpoint's file should go makes the rename fail.
        Directory.CreateDirectory(Path.Combine(folder.Path, CheckpointStore.FileName(1)));
        var observer = new RecordingObserver();
        Assert.ThrowsAny<IOException>(() => Samples.Run(Samples.FedAvg with { Rounds = 1 }, folder.Path, observer: observer));
        Assert.Empty(observer.Rounds);
        Assert.Empty(Directory.GetFiles(folder.Path, "checkpoint-*"));
    }

    [Theory]
    [InlineData("model", "resnet9")]
    [InlineData("algorithm", "fedprox2")]
    public void Unknown_names_fail_with_the_known_ones(string what, string name)
    {
        RunSpec spec = what == "model" ? Samples.FedAvg with { Model = name } : Samples.FedAvg with { Algorithm = Samples.FedAvg.Algorithm with { Name = name } };
        string message = Assert.Throws<RunFailedException>(() => Samples.Run(spec, folder.Path)).Message;
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains(what == "model" ? "resnet8" : "fedloge", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Fewer_features_than_classes_fails_for_FedLoGe_only()
    {
        LoadedDataset data = Samples.Synthetic(new ImageShape(1, 8, 8), 70, 2, 1);
        RunSpec spec = Samples.FedLoGe with { Dataset = "synthetic", LongTail = new LongTailSpec(), Partition = new PartitionSpec { Clients = 2 }, Rounds = 1 };
        Assert.Contains("d ≥ C", Assert.Throws<RunFailedException>(() => Samples.Run(spec, folder.Path, data)).Message, StringComparison.Ordinal);
        Assert.Equal(RunOutcome.Finished, Samples.Run(spec with { Algorithm = Samples.FedAvg.Algorithm }, folder.Path, data).Outcome);
    }

    [Fact]
    public void More_clients_than_a_window_are_folded_in_order_with_the_same_result()
    {
        LoadedDataset data = Samples.Synthetic(new ImageShape(1, 8, 8), 4, 150, 10);
        RunSpec spec = Samples.FedLoGe with { Dataset = "synthetic", Model = "cnn", LongTail = new LongTailSpec(), Partition = new PartitionSpec { Kind = "iid", Clients = 200 }, Participation = 1, Rounds = 1 };
        RecordingObserver one = Samples.Run(spec with { Workers = 1 }, Sub("one"), data).Observer, two = Samples.Run(spec with { Workers = 2 }, Sub("two"), data).Observer;
        Assert.Equal(one.Checkpoints[0].Sha256, two.Checkpoints[0].Sha256);
        Assert.All(one.Rounds[0].Clients, c => Assert.InRange(c.UpdateCosine!.Value, -1, 1));
    }

    private string Sub(string name) => Path.Combine(folder.Path, name);

    private IReadOnlyDictionary<string, NamedTensor> Tensors(int round) => Safetensors.Read(Path.Combine(folder.Path, CheckpointStore.FileName(round))).Tensors;

    private static RoundReport Timeless(RoundReport report) => report with
    {
        Seconds = 0,
        Phases = new Dictionary<string, double>(),
        Clients = [.. report.Clients.Select(c => c with { Seconds = null })],
    };
}
