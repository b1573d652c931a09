using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Datasets;

/// <summary>
/// Whose picture is whose, fixed before any training: a pure function of the spec's seed, long tail, partition and evaluation,
/// and of the data set's labels. The preview in the form and the run both come from here.
/// </summary>
public sealed record FederatedPlan
{
    /// <summary>[Σ n_c] indices into the training set that the long tail keeps, ascending.</summary>
    public required int[] Selected { get; init; }

    /// <summary>[K][n_k] indices into the training set, each ascending; together they are <see cref="Selected"/>.</summary>
    public required int[][] ClientTrain { get; init; }

    /// <summary>[K][t_k] indices into the balanced test set, each ascending.</summary>
    public required int[][] ClientTest { get; init; }

    public required PartitionReport Report { get; init; }

    /// <summary>The plan of a spec that has been validated against this data set.</summary>
    public static FederatedPlan Create(RunSpec spec, LoadedDataset data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Create(spec, new DatasetLabels(data.Info, data.Train.Labels, data.Test.Labels));
    }

    /// <summary>The same from labels alone: no pixel is needed to know who holds what.</summary>
    /// <exception cref="ArgumentException">The spec's bounds do not hold; validate it first for messages for people.</exception>
    public static FederatedPlan Create(RunSpec spec, DatasetLabels data)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(data);

        int classes = data.Info.ClassNames.Count;
        int[] classCounts = LongTail.Counts(data.Info.TrainCounts, spec.LongTail.ImbalanceFactor);
        int[] selected = LongTail.Select(data.Train, classCounts, spec.LongTail.Seed);
        int[][] clients = Partition.Create(spec.Partition, data.Train, selected, classes, spec.Seed);

        int[][] counts = Array.ConvertAll(clients, indices =>
        {
            int[] row = new int[classes];
            foreach (int index in indices)
            {
                row[data.Train[index]]++;
            }

            return row;
        });
        int[][] localTestCounts = LocalTests.Counts(counts, data.Info.TestCounts, spec.Evaluation.LocalTestImages);

        return new FederatedPlan
        {
            Selected = selected,
            ClientTrain = clients,
            ClientTest = LocalTests.Draw(localTestCounts, data.Test, classes, spec.Seed),
            Report = new PartitionReport
            {
                ClassNames = data.Info.ClassNames,
                ClassCounts = classCounts,
                TestCounts = data.Info.TestCounts,
                GroupsByCounts = Array.ConvertAll(ClassGroups.ByCounts(classCounts), ClassGroups.NameOf),
                GroupsByCumulative = Array.ConvertAll(ClassGroups.ByCumulative(classCounts), ClassGroups.NameOf),
                ClientSizes = Array.ConvertAll(clients, c => c.Length),
                Counts = counts,
                LocalTestCounts = localTestCounts,
                Warnings = Warnings(data.Info, classCounts, clients, localTestCounts),
            },
        };
    }

    private static List<string> Warnings(DatasetInfo info, int[] classCounts, int[][] clients, int[][] localTestCounts)
    {
        List<string> warnings = [];
        int empty = clients.Count(c => c.Length == 0);
        if (empty > 0)
        {
            warnings.Add($"{empty} of {clients.Length} {(empty == 1 ? "clients has" : "clients have")} no training samples and can never be trained. A larger α or fewer clients helps.");
        }

        int untested = Enumerable.Range(0, clients.Length).Count(k => clients[k].Length > 0 && Array.TrueForAll(localTestCounts[k], t => t == 0));
        if (untested > 0)
        {
            warnings.Add($"{untested} of {clients.Length} {(untested == 1 ? "clients has" : "clients have")} training samples but no local test image: nothing to measure PM on. More local test images help.");
        }

        string[] unheld = [.. Enumerable.Range(0, classCounts.Length).Where(c => classCounts[c] == 0).Select(c => info.ClassNames[c])];
        if (unheld.Length > 0)
        {
            string named = string.Join(", ", unheld.Take(5)) + (unheld.Length > 5 ? $" and {unheld.Length - 5} more" : "");
            warnings.Add($"{unheld.Length} of {classCounts.Length} classes have no training samples at all: {named}.");
        }

        return warnings;
    }
}
