using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Web.Runs;

namespace FedPlatform.Web.Components.NewRun;

/// <summary>How long a run will take, from what earlier runs of the same kind measured here; unknown is unknown.</summary>
public sealed class RunEstimate(IRunService runs)
{
    private readonly Dictionary<(string Dataset, string Model, string Algorithm, string Device), (double PerSecond, string From)?> measured = [];

    /// <param name="SecondsPerRound">Of training and evaluation.</param>
    /// <param name="From">The run that was measured.</param>
    public sealed record Result(double SecondsPerRound, TimeSpan Total, string From);

    /// <summary>Null when no run with this data set, model, algorithm and device has committed a round.</summary>
    public async Task<Result?> For(RunSpec spec, PartitionReport data, CancellationToken cancellationToken)
    {
        var kind = (spec.Dataset, spec.Model, spec.Algorithm.Name, spec.Device);
        if (!measured.TryGetValue(kind, out var rate))
        {
            measured[kind] = rate = await Measure(kind, cancellationToken);
        }

        if (rate is not { PerSecond: > 0 } known)
        {
            return null;
        }

        double seconds = SamplesPerRound(spec, data) / known.PerSecond;
        return new Result(seconds, TimeSpan.FromSeconds(seconds * spec.Rounds), known.From);
    }

    private async Task<(double, string)?> Measure((string Dataset, string Model, string Algorithm, string Device) kind, CancellationToken cancellationToken)
    {
        RunPage page = await runs.List(new RunFilter { Dataset = kind.Dataset, Algorithm = kind.Algorithm, Take = 50 }, cancellationToken);
        foreach (RunRow row in page.Rows.Where(r => r.Model == kind.Model && r.Device == kind.Device && r.Summary.Round > 0 && r.Summary.Seconds > 0))
        {
            if (await runs.Find(row.Id, cancellationToken) is { } detail && await runs.Partition(row.Id, cancellationToken) is { } data)
            {
                return (SamplesPerRound(detail.Spec, data) * row.Summary.Round / row.Summary.Seconds, row.Name);
            }
        }

        return null;
    }

    /// <summary>Samples that a round trains on, on average over the sampled clients.</summary>
    private static double SamplesPerRound(RunSpec spec, PartitionReport data)
    {
        int clients = Math.Max(1, spec.Partition.Clients), selected = Math.Max((int)(spec.Participation * clients), 1);
        return (double)data.ClassCounts.Sum() * selected / clients * spec.Algorithm.LocalEpochs;
    }
}
