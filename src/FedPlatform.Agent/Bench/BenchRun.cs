using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Agent.Bench;

/// <summary>A whole run in a folder that nobody keeps, with its reports.</summary>
internal static class BenchRun
{
    /// <returns>Wall-clock seconds from the start to the last commit, and every round's report.</returns>
    public static (double Seconds, IReadOnlyList<RoundReport> Rounds) Run(BenchContext context, RunSpec spec, LoadedDataset data)
    {
        string folder = Directory.CreateDirectory(Path.Combine(context.Folder, Guid.NewGuid().ToString("N"))).FullName;
        var observer = new Collector(folder);
        long start = context.Time.GetTimestamp();
        var setup = new RunSetup(spec, data, folder, Path.Combine(folder, "cache"), Resume: null, CommittedRounds: 0);
        Running.RunThread.Start("bench", () => new FederatedRun(setup, observer, context.Time).Run(context.CancellationToken)).GetAwaiter().GetResult();
        return (context.Time.GetElapsedTime(start).TotalSeconds, observer.Rounds);
    }

    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private sealed class Collector(string folder) : IRunObserver
    {
        private string? _last;

        public List<RoundReport> Rounds { get; } = [];

        public RunOrder Order => RunOrder.GoOn;

        public void Partitioned(PartitionReport report)
        {
        }

        public void Progress(RoundProgress progress)
        {
        }

        public void Log(string level, string text)
        {
        }

        public void Commit(RoundReport report, CheckpointFile checkpoint)
        {
            Rounds.Add(report);
            if (_last is { } old) File.Delete(Path.Combine(folder, old));
            _last = checkpoint.Name;
        }
    }
}
