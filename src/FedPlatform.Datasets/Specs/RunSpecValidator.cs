using System.Globalization;
using System.Text.RegularExpressions;
using FedPlatform.Contracts.Models;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Datasets.Specs;

/// <summary>The one place where a spec's bounds are checked, for the form, REST and the command line. Every problem at once, each naming field, value and bound.</summary>
public static partial class RunSpecValidator
{
    /// <summary>Checks the spec alone and, with <paramref name="info"/>, against its data set: C, the images' size, the samples that the long tail leaves.</summary>
    /// <returns>Empty when the run can be planned.</returns>
    public static IReadOnlyList<SpecProblem> Validate(RunSpec spec, DatasetInfo? info)
    {
        ArgumentNullException.ThrowIfNull(spec);
        Checks checks = new();

        // A spec that came through a serialiser instead of the reader may hold nulls where the records promise objects.
        (string Field, object? Part)[] parts =
        [
            ("longTail", spec.LongTail), ("partition", spec.Partition), ("algorithm", spec.Algorithm),
            ("augmentation", spec.Augmentation), ("evaluation", spec.Evaluation),
        ];
        foreach ((string field, object? part) in parts)
        {
            checks.That(part is not null, field, value: null, "must be an object");
        }

        if (checks.Problems.Count > 0)
        {
            return checks.Problems;
        }

        General(spec, checks);
        Data(spec, checks);
        Method(spec, checks);
        WhenAndWhere(spec, checks);
        if (info is not null)
        {
            Against(info, spec, checks);
        }

        return checks.Problems;
    }

    /// <summary>The same against the data set that the spec names; a missing or broken one is a problem of the field <c>dataset</c>.</summary>
    public static IReadOnlyList<SpecProblem> Validate(RunSpec spec, DatasetCatalogue catalogue, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(catalogue);
        if (!catalogue.Keys.Contains(spec.Dataset))
        {
            return Validate(spec, info: null);
        }

        try
        {
            return Validate(spec, catalogue.Labels(spec.Dataset, ct).Info);
        }
        catch (DatasetException exception)
        {
            return [.. Validate(spec, info: null), new SpecProblem("dataset", spec.Dataset, exception.Message)];
        }
    }

    /// <summary>Reads a text and validates what it says: problems of spelling, type and bound together.</summary>
    public static SpecReading Check(string text, DatasetCatalogue catalogue, CancellationToken ct = default)
    {
        (RunSpec? spec, IReadOnlyList<SpecProblem> problems) = RunSpecReader.ReadPartly(text);
        if (spec is not null)
        {
            // A field that could not be read holds its default: whatever is said about it would be about the default.
            HashSet<string> unread = [.. problems.Select(p => p.Field)];
            problems = [.. problems, .. Validate(spec, catalogue, ct).Where(p => !unread.Contains(p.Field))];
        }

        return new SpecReading(problems.Count == 0 ? spec : null, problems);
    }

    private static void General(RunSpec spec, Checks checks)
    {
        string name = spec.Name ?? "";
        checks.That(name.Trim().Length > 0, "name", name, "must not be empty");
        checks.That(name.Length <= SpecVocabulary.LongestName, "name", name, $"must have at most {SpecVocabulary.LongestName} characters", $"{name.Length} characters");
        checks.That(!name.Any(char.IsControl), "name", name, "must be one line without control characters", "some");
        checks.That((spec.Notes?.Length ?? 0) <= SpecVocabulary.LongestNotes, "notes", null, $"must have at most {SpecVocabulary.LongestNotes} characters", $"{spec.Notes?.Length} characters");
    }

    private static void Data(RunSpec spec, Checks checks)
    {
        checks.OneOf("dataset", spec.Dataset, SpecVocabulary.Datasets);
        double imbalance = spec.LongTail.ImbalanceFactor;
        checks.That(imbalance >= 1 && double.IsFinite(imbalance), "longTail.imbalanceFactor", imbalance, "must be a finite number of at least 1");
        checks.OneOf("partition.kind", spec.Partition.Kind, SpecVocabulary.PartitionKinds);
        double alpha = spec.Partition.Alpha;
        checks.That(alpha > 0 && double.IsFinite(alpha), "partition.alpha", alpha, "must be a finite number above 0");
        checks.Between("partition.clients", spec.Partition.Clients, 1, SpecVocabulary.LargestClients);
        if (spec.Augmentation.CropPadding is int padding)
        {
            checks.Between("augmentation.cropPadding", padding, 0, SpecVocabulary.LargestCropPadding);
        }

        checks.OneOf("evaluation.absentClassMask", spec.Evaluation.AbsentClassMask, SpecVocabulary.AbsentClassMasks);
        checks.OneOf("evaluation.groupRule", spec.Evaluation.GroupRule, SpecVocabulary.GroupRules);
        checks.Between("evaluation.localTestImages", spec.Evaluation.LocalTestImages, 1, SpecVocabulary.LargestLocalTestImages);
    }

    private static void Method(RunSpec spec, Checks checks)
    {
        AlgorithmSpec algorithm = spec.Algorithm;
        checks.OneOf("model", spec.Model, SpecVocabulary.Models);
        checks.OneOf("algorithm.name", algorithm.Name, SpecVocabulary.Algorithms);
        checks.Between("algorithm.localEpochs", algorithm.LocalEpochs, 1, SpecVocabulary.LargestLocalEpochs);
        checks.Between("algorithm.batchSize", algorithm.BatchSize, 1, SpecVocabulary.LargestBatchSize);
        checks.That(algorithm.LearningRate >= 0 && double.IsFinite(algorithm.LearningRate), "algorithm.learningRate", algorithm.LearningRate, "must be a finite number of at least 0");
        checks.That(algorithm.Momentum is >= 0 and < 1, "algorithm.momentum", algorithm.Momentum, "must be at least 0 and below 1");
        checks.That(algorithm.WeightDecay >= 0 && double.IsFinite(algorithm.WeightDecay), "algorithm.weightDecay", algorithm.WeightDecay, "must be a finite number of at least 0");
        checks.That(algorithm.Sparsity is >= 0 and < 1, "algorithm.sparsity", algorithm.Sparsity, "must be at least 0 and below 1");
        checks.That(algorithm.Gamma > 0 && double.IsFinite(algorithm.Gamma), "algorithm.gamma", algorithm.Gamma, "must be a finite number above 0");
        checks.Between("algorithm.classifierSteps", algorithm.ClassifierSteps, 0, SpecVocabulary.LargestClassifierSteps);
        checks.OneOf("algorithm.genericRealignment", algorithm.GenericRealignment, SpecVocabulary.GenericRealignments);
        checks.OneOf("algorithm.personalRealignment", algorithm.PersonalRealignment, SpecVocabulary.PersonalRealignments);
    }

    private static void WhenAndWhere(RunSpec spec, Checks checks)
    {
        checks.That(spec.Participation is > 0 and <= 1, "participation", spec.Participation, "must be above 0 and at most 1, so that every round selects at least one client");
        checks.Between("rounds", spec.Rounds, 1, SpecVocabulary.LargestRounds);
        bool roundsHold = spec.Rounds is >= 1 and <= SpecVocabulary.LargestRounds;
        checks.Between("evaluateEvery", spec.EvaluateEvery, 1, roundsHold ? spec.Rounds : SpecVocabulary.LargestRounds, roundsHold ? " (rounds)" : "");
        checks.That(spec.Device == "cpu" || CudaDevice().IsMatch(spec.Device ?? ""), "device", spec.Device, $"must be cpu or cuda:N with N from 0 to {SpecVocabulary.LargestCudaIndex}");
        if (spec.Workers is int workers)
        {
            checks.Between("workers", workers, 1, SpecVocabulary.LargestWorkers);
        }

        checks.Between("keepCheckpoints", spec.KeepCheckpoints, 1, SpecVocabulary.LargestKeepCheckpoints);
    }

    private static void Against(DatasetInfo info, RunSpec spec, Checks checks)
    {
        int classes = info.ClassNames.Count;
        string[] empty = [.. Enumerable.Range(0, classes).Where(c => info.TrainCounts[c] == 0).Select(c => info.ClassNames[c])];
        checks.That(empty.Length == 0, "dataset", spec.Dataset, "must have training images of every class", $"none of {string.Join(", ", empty.Take(5))}");

        double imbalance = spec.LongTail.ImbalanceFactor;
        if (empty.Length == 0 && imbalance >= 1 && double.IsFinite(imbalance))
        {
            int[] counts = LongTail.Counts(info.TrainCounts, imbalance);
            int largest = info.TrainCounts.Min();
            checks.That(
                Array.TrueForAll(counts, n => n > 0), "longTail.imbalanceFactor", imbalance,
                $"must be at most {largest} for {info.Key}, whose smallest class has {largest} training images: above it the last class has none");

            long samples = counts.Sum(n => (long)n);
            checks.That(
                spec.Partition.Clients <= samples, "partition.clients", spec.Partition.Clients,
                $"must be at most {samples}, the training samples that an imbalance factor of {Checks.Write(imbalance)} leaves of {info.Key}");
        }

        long cells = (long)spec.Partition.Clients * classes;
        checks.That(
            cells <= SpecVocabulary.LargestTable, "partition.clients", spec.Partition.Clients,
            $"must be at most {SpecVocabulary.LargestTable / classes} with the {classes} classes of {info.Key}");

        if (ModelCatalogue.Find(spec.Model) is ModelInfo model)
        {
            if (spec.Algorithm.Name == "fedloge")
            {
                string[] wide = [.. ModelCatalogue.All.Where(m => m.FeatureDimension >= classes).Select(m => m.Key)];
                checks.That(
                    model.FeatureDimension >= classes, "model", spec.Model,
                    $"must have at least as many features d as {info.Key} has classes C = {classes} for FedLoGe's simplex classifier{(wide.Length > 0 ? $" ({string.Join(", ", wide)} have)" : "")}",
                    $"{spec.Model} with d = {model.FeatureDimension}");
            }

            checks.That(
                model.Key != "cnn" || (info.Shape.Height >= 8 && info.Shape.Width >= 8), "model", spec.Model,
                $"must suit images of {info.Shape.Height}×{info.Shape.Width} pixels; cnn needs 8×8");
        }

        if (spec.Augmentation.CropPadding is int padding and >= 0 and <= SpecVocabulary.LargestCropPadding)
        {
            int side = Math.Min(info.Shape.Height, info.Shape.Width);
            checks.That(padding <= side, "augmentation.cropPadding", padding, $"must be at most {side}, the side of an image of {info.Key}");
        }
    }

    [GeneratedRegex(@"^cuda:([0-9]|[1-5][0-9]|6[0-3])\z", RegexOptions.CultureInvariant)]
    private static partial Regex CudaDevice();

    private sealed class Checks
    {
        public List<SpecProblem> Problems { get; } = [];

        public static string Write(double value) => value.ToString("R", CultureInfo.InvariantCulture);

        public void That(bool holds, string field, double value, string bound) => That(holds, field, Write(value), bound);

        /// <param name="bound">"must be above 0".</param>
        /// <param name="got">What was found, where it is more than the value.</param>
        public void That(bool holds, string field, string? value, string bound, string? got = null)
        {
            if (!holds)
            {
                string written = value?.Length > 80 ? value[..80] + "…" : value ?? "nothing";
                Problems.Add(new SpecProblem(field, value is null ? null : written, $"{field} {bound}, got {got ?? (written.Length == 0 ? "nothing" : written)}."));
            }
        }

        public void Between(string field, long value, long smallest, long largest, string why = "") =>
            That(value >= smallest && value <= largest, field, value.ToString(CultureInfo.InvariantCulture), $"must be between {smallest} and {largest}{why}");

        public void OneOf(string field, string? value, IReadOnlyList<string> allowed) =>
            That(value is not null && allowed.Contains(value), field, value, $"must be one of {string.Join(", ", allowed)}");
    }
}
