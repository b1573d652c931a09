using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Learning.Tests;

/// <summary>Small data and specs that tests share.</summary>
internal static class Samples
{
    public static LoadedDataset Digits { get; } = new DatasetCatalogue([]).Load("digits");

    public static RunSpec FedLoGe { get; } = new()
    {
        Name = "test",
        Dataset = "digits",
        LongTail = new LongTailSpec { ImbalanceFactor = 20 },
        Partition = new PartitionSpec { Alpha = 0.5, Clients = 6 },
        Model = "resnet8",
        Algorithm = new AlgorithmSpec { Name = "fedloge", LocalEpochs = 1, BatchSize = 16, LearningRate = 0.03, Momentum = 0.5, ClassifierSteps = 200 },
        Participation = 0.5,
        Rounds = 4,
    };

    public static RunSpec FedAvg { get; } = FedLoGe with { Algorithm = FedLoGe.Algorithm with { Name = "fedavg" } };

    /// <summary>Images whose pixels tell class and index; any shape, any number of classes.</summary>
    public static LoadedDataset Synthetic(ImageShape shape, int classes, int trainPerClass, int testPerClass)
    {
        return new LoadedDataset(
            new DatasetInfo
            {
                Key = "synthetic",
                Title = "Synthetic",
                Description = "",
                Credit = "",
                Location = "memory",
                ClassNames = [.. Enumerable.Range(0, classes).Select(c => $"class {c}")],
                Shape = shape,
                TrainCounts = [.. Enumerable.Repeat(trainPerClass, classes)],
                TestCounts = [.. Enumerable.Repeat(testPerClass, classes)],
                Bytes = 0,
                Sha256 = "",
                Mean = [.. Enumerable.Repeat(0.5, shape.Channels)],
                Std = [.. Enumerable.Repeat(0.25, shape.Channels)],
                DefaultCropPadding = 0,
                DefaultHorizontalFlip = false,
            },
            Set("train", trainPerClass),
            Set("test", testPerClass));

        ImageSet Set(string stream, int perClass)
        {
            int[] labels = [.. Enumerable.Range(0, classes * perClass).Select(i => i % classes)];
            byte[] pixels = new byte[labels.Length * shape.Bytes];
            var random = CounterRandom.For(7, stream);
            for (int i = 0; i < pixels.Length; i++) pixels[i] = (byte)(labels[i / shape.Bytes] * (200 / classes) + random.NextInt(56));
            return new ImageSet(shape, pixels, labels);
        }
    }

    public static (RecordingObserver Observer, RunOutcome Outcome) Run(RunSpec spec, string folder, LoadedDataset? data = null, RecordingObserver? observer = null, RecordingObserver? before = null)
    {
        observer ??= new RecordingObserver();
        var setup = new RunSetup(spec, data ?? Digits, folder, Path.Combine(folder, "cache"), before?.Checkpoints[^1], before?.Rounds[^1].Round ?? 0);
        return (observer, new FederatedRun(setup, observer, TimeProvider.System).Run(TestContext.Current.CancellationToken));
    }
}
