using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Datasets.Specs;

namespace FedPlatform.Web.Datasets;

/// <summary>The registered data sets and what a run would make of them.</summary>
public interface IDatasetService
{
    Task<IReadOnlyList<DatasetListing>> List(CancellationToken cancellationToken);

    /// <summary>Null when there is no such data set or it is not present.</summary>
    Task<DatasetInfo?> Find(string key, CancellationToken cancellationToken);

    /// <summary><paramref name="perClass"/> real training pictures of every class, class by class; uint8 in CHW order.</summary>
    Task<SampleGrid?> Samples(string key, int perClass, CancellationToken cancellationToken);

    /// <summary>From the same code as the run; problems instead of a report when the spec does not hold.</summary>
    Task<PartitionPreview> Preview(RunSpec spec, CancellationToken cancellationToken);
}

public sealed record SampleGrid(ImageShape Shape, int Rows, int Columns, byte[] Pixels, IReadOnlyList<string> RowNames);

public sealed record PartitionPreview(PartitionReport? Report, IReadOnlyList<SpecProblem> Problems);
