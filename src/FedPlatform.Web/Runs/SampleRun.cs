using FedPlatform.Contracts.Specs;
using FedPlatform.Web.Identity;
using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Runs;

/// <summary>What a new owner finds training: FedLoGe on the embedded digits.</summary>
public sealed partial class SampleRun(RunCreationService creation, IOptions<BootstrapOptions> options, ILogger<SampleRun> log)
{
    public static RunSpec Spec { get; } = new()
    {
        Name = "FedLoGe on Digits",
        Notes = "A sample: the embedded digits with a long tail of 20 to 1, divided among ten clients.",
        Seed = 1,
        Dataset = "digits",
        LongTail = new LongTailSpec { ImbalanceFactor = 20 },
        Partition = new PartitionSpec { Kind = "dirichlet", Alpha = 0.5, Clients = 10 },
        Model = "resnet8",
        Algorithm = new AlgorithmSpec { Name = "fedloge", LocalEpochs = 2, BatchSize = 16, LearningRate = 0.03, Momentum = 0.5 },
        Participation = 0.5,
        Rounds = 30,
        EvaluateEvery = 1,
        Device = "cpu",
    };

    public async Task Queue(Guid team, Guid owner, string ownerName, CancellationToken cancellationToken)
    {
        if (!options.Value.SampleRun)
        {
            return;
        }

        var made = await creation.Create(Spec, team, owner, ownerName, null, cancellationToken);
        if (made.Id is null)
        {
            LogRefused(log, string.Join(" ", made.Problems.Select(p => p.Message)));
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The sample run was not queued: {Problems}")]
    private static partial void LogRefused(ILogger logger, string problems);
}
