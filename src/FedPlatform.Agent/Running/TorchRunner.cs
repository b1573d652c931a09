using FedPlatform.Agent.Configuration;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Datasets.Specs;
using FedPlatform.Learning.Federation;
using FedPlatform.Learning.Torch;

namespace FedPlatform.Agent.Running;

/// <summary>The real runner: data sets from the data roots, the round loop of FedPlatform.Learning.</summary>
/// <param name="workers">Clients trained at the same time, instead of the spec's; null: as the spec says.</param>
public sealed class TorchRunner(StorageSettings storage, int? workers, TimeProvider time) : IRunner
{
    private readonly DatasetCatalogue _catalogue = new(storage.DataRoots);
    private (string Key, LoadedDataset Data)? _loaded;

    /// <summary>Validates the spec, with its data set once that can be read.</summary>
    /// <exception cref="SpecProblemsException">It cannot be run.</exception>
    /// <exception cref="DatasetException">Its data set is missing or damaged.</exception>
    public LoadedDataset Prepare(RunSpec spec)
    {
        IReadOnlyList<SpecProblem> problems = RunSpecValidator.Validate(spec, null);
        if (problems.Count > 0) throw new SpecProblemsException(problems);
        LoadedDataset data = _loaded is { } loaded && loaded.Key == spec.Dataset ? loaded.Data : _catalogue.Load(spec.Dataset);
        _loaded = (spec.Dataset, data);
        problems = RunSpecValidator.Validate(spec, data.Info);
        if (problems.Count > 0) throw new SpecProblemsException(problems);
        return data;
    }

    public RunEndKind Run(RunnerInput input, IRunObserver observer, CancellationToken cancellationToken)
    {
        LoadedDataset data = Prepare(input.Spec);
        TorchRuntime.Start();
        Directory.CreateDirectory(storage.CacheFolder);
        RunSpec spec = workers is { } n ? input.Spec with { Workers = n } : input.Spec;
        var setup = new RunSetup(spec, data, input.Folder, storage.CacheFolder, input.Resume, input.CommittedRounds);
        return new FederatedRun(setup, observer, time).Run(cancellationToken) switch
        {
            RunOutcome.Finished => RunEndKind.Finished,
            RunOutcome.Paused => RunEndKind.Paused,
            _ => RunEndKind.Stopped,
        };
    }
}
