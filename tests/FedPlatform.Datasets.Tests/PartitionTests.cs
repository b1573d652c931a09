using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Datasets.Tests;

public class PartitionTests
{
    private static readonly DatasetCatalogue Catalogue = new([], []);

    [Theory]
    [InlineData("dirichlet", 0.001, 10)]
    [InlineData("dirichlet", 0.5, 10)]
    [InlineData("dirichlet", 100, 7)]
    [InlineData("dirichlet", 0.5, 1)]
    [InlineData("iid", 0.5, 10)]
    public void Every_selected_sample_belongs_to_exactly_one_client(string kind, double alpha, int clients)
    {
        int[] labels = [.. Enumerable.Range(0, 2_000).Select(i => i % 5)];
        int[] selected = LongTail.Select(labels, [400, 200, 100, 50, 0], 0);
        int[][] parts = Partition.Create(new PartitionSpec { Kind = kind, Alpha = alpha, Clients = clients }, labels, selected, 5, 1);
        Assert.Equal(clients, parts.Length);
        Assert.All(parts, part => Assert.Equal(part.Order(), part));
        Assert.Equal(selected, parts.SelectMany(part => part).Order());
    }

    [Fact]
    public void Iid_clients_differ_by_at_most_one_sample()
    {
        int[] labels = [.. Enumerable.Range(0, 1_003).Select(i => i % 2)];
        int[][] parts = Partition.Create(new PartitionSpec { Kind = "iid", Clients = 10 }, labels, [.. Enumerable.Range(0, 1_003)], 2, 1);
        Assert.Equal(3, parts.Count(p => p.Length == 101));
        Assert.Equal(7, parts.Count(p => p.Length == 100));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(5)]
    public void Dirichlet_shares_have_the_mean_and_variance_of_theory(double alpha)
    {
        // 4,000 classes are 4,000 independent draws: the count of client 0 in n samples is Dirichlet-multinomial with mean n/K
        // and variance n·p(1−p)·(n + αK)/(1 + αK), p = 1/K.
        const int classes = 4_000, n = 50, clients = 5;
        int[] labels = [.. Enumerable.Range(0, classes * n).Select(i => i % classes)];
        int[][] parts = Partition.Create(new PartitionSpec { Alpha = alpha, Clients = clients }, labels, [.. Enumerable.Range(0, labels.Length)], classes, 7);
        double p = 1.0 / clients, mean = n * p, variance = n * p * (1 - p) * (n + (alpha * clients)) / (1 + (alpha * clients));
        foreach (int[] part in parts)
        {
            int[] counts = ClassIndex.Counts([.. part.Select(i => labels[i])], classes);
            double error = Math.Sqrt(variance / classes);
            Assert.InRange(counts.Average(), mean - (5 * error), mean + (5 * error));
            Assert.InRange(counts.Average(x => (x - mean) * (x - mean)), variance * 0.88, variance * 1.12);
        }
    }

    [Fact]
    public void A_tiny_alpha_gives_every_class_to_one_client()
    {
        int[] labels = [.. Enumerable.Range(0, 1_000).Select(i => i % 10)];
        int[][] parts = Partition.Create(new PartitionSpec { Alpha = 1e-6, Clients = 20 }, labels, [.. Enumerable.Range(0, 1_000)], 10, 3);
        for (int c = 0; c < 10; c++)
        {
            Assert.Single(parts, part => part.Any(i => labels[i] == c));
        }

        Assert.True(parts.Count(part => part.Length > 0) > 3);
    }

    [Fact]
    public void Another_seed_gives_another_partition_and_the_same_seed_the_same()
    {
        RunSpec spec = Sample();
        string first = Hash(FederatedPlan.Create(spec, Catalogue.Labels("digits")));
        Assert.Equal(first, Hash(FederatedPlan.Create(spec, new DatasetCatalogue([], []).Load("digits"))));
        Assert.NotEqual(first, Hash(FederatedPlan.Create(spec with { Seed = 2 }, Catalogue.Labels("digits"))));
    }

    [Fact]
    public void The_plan_of_the_sample_spec_never_changes_between_versions() =>
        Assert.Equal(GoldenPlan, Hash(FederatedPlan.Create(Sample(), Catalogue.Labels("digits"))));

    private const string GoldenPlan = "d6e211ecbb497fa934896a5f8c445301";

    [Fact]
    public void The_report_tells_what_the_plan_holds()
    {
        LoadedDataset data = Catalogue.Load("digits");
        FederatedPlan plan = FederatedPlan.Create(Sample(), data);
        PartitionReport report = plan.Report;
        Assert.Equal([124, 88, 63, 45, 32, 23, 16, 12, 8, 6], report.ClassCounts);
        Assert.Equal(plan.Selected, plan.ClientTrain.SelectMany(k => k).Order());
        Assert.Equal(plan.ClientTrain.Select(k => k.Length), report.ClientSizes);
        for (int c = 0; c < 10; c++)
        {
            Assert.Equal(report.ClassCounts[c], report.Counts.Sum(row => row[c]));
        }

        for (int k = 0; k < 10; k++)
        {
            Assert.Equal(report.Counts[k], ClassIndex.Counts([.. plan.ClientTrain[k].Select(i => data.Train.Labels[i])], 10));
            Assert.Equal(report.LocalTestCounts[k], ClassIndex.Counts([.. plan.ClientTest[k].Select(i => data.Test.Labels[i])], 10));
            Assert.Equal(plan.ClientTest[k].Distinct().Order(), plan.ClientTest[k]);
        }

        Assert.Equal(["head", "medium", "medium", "medium", "medium", "medium", "tail", "tail", "tail", "tail"], report.GroupsByCounts);
        Assert.Equal(Enumerable.Repeat(50, 10), report.TestCounts);
    }

    [Fact]
    public void Local_test_counts_follow_the_formula_and_are_capped_by_what_exists()
    {
        // N = 10: 3/10·25 = 7.5 → 7, 2/10·25 = 5, 5/10·25 = 12.5 → 12, capped at 10.
        Assert.Equal([[7, 5], [10, 0]], LocalTests.Counts([[3, 2], [5, 0]], [10, 10], 25));

        // 7/100·100 is 7.000000000000001 or 6.999… in doubles.
        Assert.Equal([[7, 29, 57], [7, 0, 0]], LocalTests.Counts([[7, 29, 57], [7, 0, 0]], [100, 100, 100], 100));
        Assert.Equal([[0, 0]], LocalTests.Counts([[0, 0]], [5, 5], 100));
    }

    [Fact]
    public void Local_tests_are_drawn_without_replacement_and_reach_every_image()
    {
        int[] testLabels = [.. Enumerable.Range(0, 20).Select(i => i % 2)];
        int[][] counts = [.. Enumerable.Range(0, 400).Select(_ => new[] { 4, 10 })];
        int[][] drawn = LocalTests.Draw(counts, testLabels, 2, 1);
        int[] histogram = new int[20];
        foreach (int[] client in drawn)
        {
            Assert.Equal(14, client.Distinct().Count());
            Assert.Equal(10, client.Count(i => testLabels[i] == 1));
            Array.ForEach(client, i => histogram[i]++);
        }

        // 400 · 4/10 = 160 of every image of class 0, standard deviation 9.8.
        Assert.All(Enumerable.Range(0, 10), i => Assert.InRange(histogram[2 * i], 110, 210));
    }

    [Fact]
    public void The_local_test_of_a_client_does_not_depend_on_the_other_clients()
    {
        int[] testLabels = [.. Enumerable.Range(0, 100).Select(i => i % 2)];
        int[] alone = LocalTests.Draw([[5, 5], [0, 0], [7, 3]], testLabels, 2, 1)[2];
        Assert.Equal(alone, LocalTests.Draw([[9, 1], [20, 20], [7, 3]], testLabels, 2, 1)[2]);
    }

    [Fact]
    public void Clients_without_samples_and_without_tests_are_warned_about()
    {
        RunSpec spec = Sample() with { Partition = new() { Alpha = 0.01, Clients = 100 } };
        PartitionReport report = FederatedPlan.Create(spec, Catalogue.Labels("digits")).Report;
        int empty = report.ClientSizes.Count(n => n == 0);
        Assert.True(empty > 0);
        Assert.Contains(report.Warnings, w => w.StartsWith($"{empty} of 100 clients", StringComparison.Ordinal));
        Assert.Empty(FederatedPlan.Create(Sample() with { Partition = new() { Kind = "iid" } }, Catalogue.Labels("digits")).Report.Warnings);

        PartitionReport untested = FederatedPlan.Create(Sample() with { Evaluation = new() { LocalTestImages = 1 } }, Catalogue.Labels("digits")).Report;
        Assert.Contains(untested.Warnings, w => w.Contains("no local test image", StringComparison.Ordinal));
    }

    [Fact]
    public void Bad_arguments_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Partition.Create(new PartitionSpec { Clients = 0 }, [0], [0], 1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Partition.Create(new PartitionSpec { Alpha = 0 }, [0], [0], 1, 1));
        Assert.Throws<ArgumentException>(() => Partition.Create(new PartitionSpec { Kind = "x" }, [0], [0], 1, 1));
    }

    [Fact]
    public void A_plan_of_8142_classes_and_437_thousand_samples_takes_seconds()
    {
        const int classes = 8_142, samples = 437_513, clients = 1_000;
        int[] labels = new int[samples];
        CounterRandom random = CounterRandom.For(1, "labels");
        for (int i = 0; i < samples; i++)
        {
            // Every class at least twice, the rest exponentially fewer.
            labels[i] = i < 2 * classes ? i % classes : Math.Min(classes - 1, (int)(-Math.Log(1 - random.NextDouble()) * classes / 5));
        }

        int[] test = [.. Enumerable.Range(0, classes * 3).Select(i => i % classes)];
        DatasetInfo info = Catalogue.Labels("digits").Info with
        {
            ClassNames = [.. Enumerable.Range(0, classes).Select(c => $"species {c}")],
            TrainCounts = ClassIndex.Counts(labels, classes),
            TestCounts = ClassIndex.Counts(test, classes),
        };
        RunSpec spec = new() { Dataset = "digits", Partition = new() { Alpha = 0.1, Clients = clients } };
        Stopwatch watch = Stopwatch.StartNew();
        FederatedPlan plan = FederatedPlan.Create(spec, new DatasetLabels(info, labels, test));
        TestContext.Current.TestOutputHelper!.WriteLine($"{watch.Elapsed.TotalSeconds:F2} s");
        Assert.Equal(samples, plan.ClientTrain.Sum(k => k.Length));
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"{watch.Elapsed}");
    }

    private static RunSpec Sample() => new()
    {
        Dataset = "digits",
        LongTail = new() { ImbalanceFactor = 20 },
        Partition = new() { Alpha = 0.5, Clients = 10 },
    };

    private static string Hash(FederatedPlan plan)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (int[] indices in plan.ClientTrain.Concat(plan.ClientTest).Prepend(plan.Selected))
        {
            hash.AppendData(MemoryMarshal.AsBytes<int>(indices.Append(-1).ToArray()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..32];
    }
}
