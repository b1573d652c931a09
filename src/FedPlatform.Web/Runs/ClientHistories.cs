using FedPlatform.Contracts.Runs;

namespace FedPlatform.Web.Runs;

/// <summary>One client against all the others, over the rounds.</summary>
internal static class ClientHistories
{
    /// <summary>Null when no round reports the client.</summary>
    public static ClientHistory? Of(int clientId, IReadOnlyList<RoundReport> rounds)
    {
        var mine = rounds.Select(r => (Round: r, Report: r.Clients.FirstOrDefault(c => c.Id == clientId)))
            .Where(r => r.Report is not null).ToList();
        if (mine.Count == 0)
        {
            return null;
        }

        var bands = mine.Select(r => Sorted(r.Round)).ToList();
        var evaluated = rounds.LastOrDefault(r => r.Clients.Any(c => c.PerClass.Count > 0));
        return new ClientHistory
        {
            Id = clientId,
            Samples = mine[^1].Report!.Samples,
            Rounds = [.. mine.Select(r => r.Round.Round)],
            Reports = [.. mine.Select(r => r.Report!)],
            MeanPm = [.. bands.Select(b => b.Length == 0 ? (double?)null : b.Average())],
            LowPm = [.. bands.Select(b => Quantile(b, 0.1))],
            HighPm = [.. bands.Select(b => Quantile(b, 0.9))],
            MeanPerClass = evaluated is null ? [] : MeanPerClass(evaluated),
        };
    }

    /// <summary>Linear interpolation between the two nearest ranks; null of nothing.</summary>
    internal static double? Quantile(double[] sorted, double q)
    {
        if (sorted.Length == 0)
        {
            return null;
        }

        var at = q * (sorted.Length - 1);
        var low = (int)Math.Floor(at);
        var high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + ((at - low) * (sorted[high] - sorted[low]));
    }

    private static double[] Sorted(RoundReport round) => [.. round.Clients.Where(c => c.Pm is not null).Select(c => c.Pm!.Value).Order()];

    private static double?[] MeanPerClass(RoundReport round)
    {
        var classes = round.Clients.Max(c => c.PerClass.Count);
        return [.. Enumerable.Range(0, classes).Select(c =>
        {
            var values = round.Clients.Where(k => k.PerClass.Count > c && k.PerClass[c] is not null).Select(k => k.PerClass[c]!.Value).ToArray();
            return values.Length == 0 ? (double?)null : values.Average();
        })];
    }
}
