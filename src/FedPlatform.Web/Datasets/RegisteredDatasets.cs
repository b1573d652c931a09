using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Persistence;

namespace FedPlatform.Web.Datasets;

/// <summary>The catalogue over the configured data roots. Reading is synchronous and may take a second: it is done on the pool.</summary>
public sealed class RegisteredDatasets(StorageLayout layout)
{
    public DatasetCatalogue Catalogue { get; } = new(layout.DataRoots);

    public Task<IReadOnlyList<SpecProblem>> Validate(RunSpec spec, CancellationToken cancellationToken) =>
        Task.Run(() => RunSpecValidator.Validate(spec, Catalogue, cancellationToken), cancellationToken);

    /// <summary>Reads and validates: problems of spelling, type and bound together.</summary>
    public Task<SpecReading> Check(string text, CancellationToken cancellationToken) =>
        Task.Run(() => RunSpecValidator.Check(text, Catalogue, cancellationToken), cancellationToken);
}
