using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;

namespace FedPlatform.Web.Tests.Pages.Fakes;

/// <summary>Made-up rounds of the right shape: curves that rise, tails below heads, clients that differ. Deterministic.</summary>
public static class SampleRuns
{
    public static readonly DateTimeOffset Now = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public static RunSpec Digits { get; } = new()
    {
        Name = "FedLoGe on Digits",
        Dataset = "digits",
        LongTail = new() { ImbalanceFactor = 20 },
        Partition = new() { Alpha = 0.5, Clients = 10 },
        Algorithm = new() { Name = "fedloge", LocalEpochs = 2, BatchSize = 16 },
        Participation = 0.5,
    };

    /// <summary>A partition of C classes over K clients with a long tail.</summary>
    public static PartitionReport Partition(int clients = 10, IReadOnlyList<string>? names = null)
    {
        names ??= [.. Enumerable.Range(0, 10).Select(c => c.ToString())];
        int classes = names.Count;
        int[] counts = [.. Enumerable.Range(0, classes).Select(c => (int)(150 * Math.Pow(1.0 / 20, c / (double)(classes - 1))))];
        int[][] held = [.. Enumerable.Range(0, clients).Select(k => Enumerable.Range(0, classes).Select(c =>
            (int)(counts[c] * Weight(k, c) / Enumerable.Range(0, clients).Sum(j => Weight(j, c)))).ToArray())];
        int[][] tested = [.. held.Select(row => row.Select(n => n * 2).ToArray())];
        return new PartitionReport
        {
            ClassNames = names,
            ClassCounts = counts,
            TestCounts = [.. counts.Select(_ => 30)],
            GroupsByCounts = [.. counts.Select(n => n > 100 ? "head" : n >= 20 ? "medium" : "tail")],
            GroupsByCumulative = [.. counts.Select((_, c) => c < classes / 2 ? "head" : c < classes * 8 / 10 ? "medium" : "tail")],
            ClientSizes = [.. held.Select(row => row.Sum())],
            Counts = held,
            LocalTestCounts = tested,
        };
    }

    public static RoundReport Round(RunSpec spec, PartitionReport data, int round)
    {
        double rise = 1 - Math.Exp(-round / (0.22 * spec.Rounds));
        int classes = data.ClassNames.Count, clients = data.ClientSizes.Count;
        bool realigned = spec.Algorithm.Name == "fedloge";
        double Class(int c, double lift) => Math.Clamp(rise * (0.96 - 0.5 * c / classes * (1 - lift)) + 0.03 * Noise(round, c), 0, 1);
        double[] perClass = [.. Enumerable.Range(0, classes).Select(c => Class(c, realigned ? 0.45 : 0))];
        double[] before = [.. Enumerable.Range(0, classes).Select(c => Class(c, 0) - 0.01)];
        double gm = perClass.Average();
        int selected = Math.Max(1, (int)(spec.Participation * clients));
        ClientReport[] reports = [.. Enumerable.Range(0, clients).Select(k =>
        {
            bool took = (k * 7 + round * 3) % clients < selected;
            double own = Math.Clamp(rise * (0.97 - 0.025 * k) + 0.02 * Noise(round, 100 + k), 0, 1);
            return new ClientReport
            {
                Id = k,
                Samples = data.ClientSizes[k],
                Selected = took,
                Loss = took ? 2.2 * Math.Exp(-2.5 * rise) + 0.05 * k : null,
                Pm = own,
                Gm = Math.Clamp(own - 0.12 + 0.02 * k, 0, 1),
                MacroF1 = own * 0.9,
                WeightedF1 = own * 0.97,
                PerClass = [.. Enumerable.Range(0, classes).Select(c => data.LocalTestCounts[k][c] > 0 ? (double?)Math.Clamp(own + 0.08 * Noise(c, k), 0, 1) : null)],
                UpdateNorm = took ? 1.5 + Noise(round, k) : null,
                UpdateCosine = took ? 0.6 + 0.3 * Noise(k, round) : null,
                Seconds = took ? 0.3 : null,
            };
        })];
        int[] confusion = new int[classes * classes];
        for (int t = 0; t < classes; t++)
        {
            int right = (int)Math.Round(perClass[t] * data.TestCounts[t]);
            confusion[t * classes + t] = right;
            confusion[t * classes + (t * 3 + 1) % classes] += (data.TestCounts[t] - right + 1) / 2;
            confusion[t * classes + Math.Max(0, t - 1)] += (data.TestCounts[t] - right) / 2;
        }

        double[] pm = [.. reports.Select(r => r.Pm!.Value)];
        return new RoundReport
        {
            Round = round,
            Gm = gm,
            GmClassifier = before.Average(),
            GmAuxiliary = gm - 0.02,
            Pm = pm.Average(),
            PmStd = 0.05,
            PmWorst = pm.Min(),
            PmVariants = realigned
                ? new Dictionary<string, double> { ["before/train"] = pm.Average() - 0.04, ["figure/train"] = pm.Average(), ["reference/test"] = pm.Average() + 0.01 }
                : new Dictionary<string, double> { ["before/train"] = pm.Average() },
            Loss = 2.3 * Math.Exp(-2.5 * rise) + 0.02 * Noise(round, 7),
            Groups = Groups(data.GroupsByCounts, perClass),
            GroupsByRule = new Dictionary<string, GroupAccuracy> { ["counts"] = Groups(data.GroupsByCounts, perClass), ["cumulative"] = Groups(data.GroupsByCumulative, perClass) },
            PerClass = perClass,
            PerClassClassifier = before,
            Confusion = confusion,
            Clients = reports,
            Seconds = 1.6 + 0.3 * Noise(round, 3),
            Phases = new Dictionary<string, double> { ["train"] = 1.2, ["aggregate"] = 0.02, ["evaluate"] = 0.3, ["checkpoint"] = 0.05 },
        };
    }

    private static GroupAccuracy Groups(IReadOnlyList<string> groups, double[] perClass)
    {
        double? Of(string name) => Enumerable.Range(0, perClass.Length).Where(c => groups[c] == name).Select(c => (double?)perClass[c]).Average();
        return new GroupAccuracy { Head = Of("head"), Medium = Of("medium"), Tail = Of("tail") };
    }

    private static double Weight(int k, int c) => Math.Pow(0.5 + Noise(k * 31 + c, 11), 6) + 0.001;

    /// <summary>In [0, 1).</summary>
    private static double Noise(int a, int b)
    {
        uint h = (uint)(a * 374761393 + b * 668265263);
        h = (h ^ (h >> 13)) * 1274126177;
        return (h ^ (h >> 16)) / 4294967296.0;
    }
}
