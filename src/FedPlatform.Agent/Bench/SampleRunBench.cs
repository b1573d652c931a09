using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;

namespace FedPlatform.Agent.Bench;

/// <summary>docs/examples/fedloge-digits.json from nothing, SSE-C and every evaluation and checkpoint included.</summary>
internal static class SampleRunBench
{
    private const double Target = 60;

    private static readonly RunSpec s_spec = new()
    {
        Name = "FedLoGe on Digits",
        Dataset = "digits",
        LongTail = new LongTailSpec { ImbalanceFactor = 20 },
        Partition = new PartitionSpec { Kind = "dirichlet", Alpha = 0.5, Clients = 10 },
        Model = "resnet8",
        Algorithm = new AlgorithmSpec { Name = "fedloge", LocalEpochs = 2, BatchSize = 16, LearningRate = 0.03, Momentum = 0.5 },
        Participation = 0.5,
        Rounds = 30,
    };

    public static IEnumerable<Measurement> Run(BenchContext context)
    {
        RunSpec spec = s_spec with { Rounds = context.Quick ? 6 : s_spec.Rounds };
        LoadedDataset data = new DatasetCatalogue(context.DataRoots).Load(spec.Dataset, context.CancellationToken);
        (double seconds, IReadOnlyList<RoundReport> rounds) = BenchRun.Run(context, spec, data);
        RoundReport last = rounds[^1];
        double whole = seconds;
        if (context.Quick)
        {
            double round = BenchRun.Median(rounds.Select(r => r.Seconds));
            whole = seconds + (s_spec.Rounds - spec.Rounds) * round;
        }

        yield return new Measurement
        {
            Bench = "sample-run",
            Case = $"{s_spec.Rounds} rounds, {Environment.ProcessorCount} workers",
            Value = whole,
            Unit = "s",
            Target = $"≤ {Target}",
            Met = whole <= Target,
            Note = (context.Quick ? $"estimated from {spec.Rounds} rounds; " : "") + $"GM {last.Gm:0.000}, PM {last.Pm:0.000} after round {last.Round}",
        };
        foreach (string phase in rounds.SelectMany(r => r.Phases.Keys).Distinct())
        {
            yield return new Measurement
            {
                Bench = "sample-run",
                Case = $"a round, {phase}",
                Value = 1000 * BenchRun.Median(rounds.Select(r => r.Phases.GetValueOrDefault(phase))),
                Unit = "ms",
                Note = "median over the rounds",
            };
        }
    }
}
