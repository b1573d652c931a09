using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Datasets.Specs;
using FedPlatform.Learning.Federation;
using FedPlatform.Learning.Torch;

namespace FedPlatform.Agent.Running;

/// <summary>The real runner: data sets from the data roots, the round loop of FedPlatform.Learning.</summary>
/// <param name="catalogue">Where data sets are found.</param>
/// <param name="cacheFolder">Where SSE-C classifiers are kept.</param>
/// <param name="workers">Clients trained at the same time, instead of the spec's; null: as the spec says.</param>
public sealed class TorchRunner(DatasetCatalogue catalogue, string cacheFolder, int? workers, TimeProvider time) : IRunner
{
    public RunEndKind Run(RunnerInput input, IRunObserver observer, CancellationToken cancellationToken)
    {
        // Here and not only where a spec is read: the data set may have changed since.
        IReadOnlyList<SpecProblem> problems = RunSpecValidator.Validate(input.Spec, catalogue, cancellationToken);
        if (problems.Count > 0) throw new SpecProblemsException(problems);
        LoadedDataset data = catalogue.Load(input.Spec.Dataset, cancellationToken);
        TorchRuntime.Start();
        Directory.CreateDirectory(cacheFolder);
        RunSpec spec = workers is { } n ? input.Spec with { Workers = n } : input.Spec;
        var setup = new RunSetup(spec, data, input.Folder, cacheFolder, input.Resume, input.CommittedRounds);
        return new FederatedRun(setup, observer, time).Run(cancellationToken) switch
        {
            RunOutcome.Finished => RunEndKind.Finished,
            RunOutcome.Paused => RunEndKind.Paused,
            _ => RunEndKind.Stopped,
        };
    }
}
