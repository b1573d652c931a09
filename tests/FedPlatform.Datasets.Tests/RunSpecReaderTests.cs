using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;

namespace FedPlatform.Datasets.Tests;

public class RunSpecReaderTests
{
    private const string Sample = """
        { "name": "FedLoGe on Digits", "seed": 1, "dataset": "digits", "longTail": { "imbalanceFactor": 20 },
          "partition": { "kind": "dirichlet", "alpha": 0.5, "clients": 10 }, "model": "resnet8",
          "algorithm": { "name": "fedloge", "localEpochs": 2, "batchSize": 16, "learningRate": 0.03, "momentum": 0.5 },
          "participation": 0.5, "rounds": 30, "evaluateEvery": 1, "device": "cpu" }
        """;

    private static RunSpec SampleSpec { get; } = new()
    {
        Name = "FedLoGe on Digits",
        Seed = 1,
        Dataset = "digits",
        LongTail = new() { ImbalanceFactor = 20 },
        Partition = new() { Kind = "dirichlet", Alpha = 0.5, Clients = 10 },
        Model = "resnet8",
        Algorithm = new() { Name = "fedloge", LocalEpochs = 2, BatchSize = 16, LearningRate = 0.03, Momentum = 0.5 },
        Participation = 0.5,
        Rounds = 30,
        EvaluateEvery = 1,
        Device = "cpu",
    };

    [Fact]
    public void The_sample_spec_is_accepted_as_it_stands()
    {
        SpecReading reading = RunSpecReader.Read(Sample);
        Assert.Empty(reading.Problems);
        Assert.Equal(SampleSpec, reading.Spec);
        Assert.Empty(RunSpecValidator.Validate(reading.Spec!, new DatasetCatalogue([], []), TestContext.Current.CancellationToken));
    }
}
