using FedPlatform.Contracts.Specs;

namespace FedPlatform.Web.Components.NewRun;

/// <summary>Specs to begin with.</summary>
/// <param name="Key">Its name in the address, <c>?preset=</c>.</param>
public sealed record Preset(string Key, string Title, string Hint, RunSpec Spec)
{
    public static IReadOnlyList<Preset> All { get; } =
    [
        new("fedloge-digits", "FedLoGe on Digits", "a minute, no download", new RunSpec
        {
            Name = "FedLoGe on Digits",
            Dataset = "digits",
            LongTail = new LongTailSpec { ImbalanceFactor = 20 },
            Partition = new PartitionSpec { Alpha = 0.5, Clients = 10 },
            Model = "resnet8",
            Algorithm = new AlgorithmSpec { Name = "fedloge", LocalEpochs = 2, BatchSize = 16, LearningRate = 0.03, Momentum = 0.5 },
            Participation = 0.5,
            Rounds = 30,
        }),
        new("fedavg-fashion", "FedAvg on Fashion-MNIST-LT", "the baseline, some minutes", new RunSpec
        {
            Name = "FedAvg on Fashion-MNIST-LT",
            Dataset = "fashion-mnist",
            LongTail = new LongTailSpec { ImbalanceFactor = 100 },
            Partition = new PartitionSpec { Alpha = 0.5, Clients = 20 },
            Model = "cnn",
            Algorithm = new AlgorithmSpec { Name = "fedavg", LocalEpochs = 1, BatchSize = 64, LearningRate = 0.03, Momentum = 0.5 },
            Participation = 1,
            Rounds = 50,
        }),
        // The reference's logged "ours" run with its own choices in evaluation, for numbers comparable with its logs.
        new("fedloge-cifar10", "FedLoGe on CIFAR-10-LT as the authors", "500 rounds, a GPU's work", new RunSpec
        {
            Name = "FedLoGe on CIFAR-10-LT as the authors",
            Seed = 3407,
            Dataset = "cifar10",
            LongTail = new LongTailSpec { ImbalanceFactor = 100 },
            Partition = new PartitionSpec { Alpha = 0.5, Clients = 40 },
            Model = "resnet18",
            Algorithm = new AlgorithmSpec
            {
                Name = "fedloge",
                LocalEpochs = 5,
                BatchSize = 8,
                LearningRate = 0.03,
                Momentum = 0.5,
                ReferenceBias = true,
                GenericRealignment = "reference",
                PersonalRealignment = "reference",
            },
            Evaluation = new EvaluationSpec { AbsentClassMask = "test", GroupRule = "cumulative" },
            Participation = 1,
            Rounds = 500,
        }),
    ];
}
