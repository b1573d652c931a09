using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;

namespace FedPlatform.Web.Datasets;

public sealed class DatasetService(RegisteredDatasets datasets) : IDatasetService
{
    private const int MostSamplesPerClass = 64;

    public Task<IReadOnlyList<DatasetListing>> List(CancellationToken cancellationToken) =>
        Task.Run(() => datasets.Catalogue.List(cancellationToken), cancellationToken);

    public Task<DatasetInfo?> Find(string key, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                return datasets.Catalogue.Labels(key, cancellationToken).Info;
            }
            catch (DatasetException)
            {
                return null;
            }
        },
        cancellationToken);

    public Task<SampleGrid?> Samples(string key, int perClass, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            try
            {
                var info = datasets.Catalogue.Labels(key, cancellationToken).Info;
                var columns = Math.Clamp(perClass, 1, MostSamplesPerClass);
                return Grid(info, datasets.Catalogue.Samples(key, columns, cancellationToken), columns);
            }
            catch (DatasetException)
            {
                return null;
            }
        },
        cancellationToken);

    public Task<PartitionPreview> Preview(RunSpec spec, CancellationToken cancellationToken) => Task.Run(
        () =>
        {
            var problems = RunSpecValidatorOf(spec, cancellationToken);
            return problems.Count > 0
                ? new PartitionPreview(null, problems)
                : new PartitionPreview(FederatedPlan.Create(spec, datasets.Catalogue.Labels(spec.Dataset, cancellationToken)).Report, []);
        },
        cancellationToken);

    /// <summary>A class with fewer pictures than columns leaves black cells.</summary>
    internal static SampleGrid Grid(DatasetInfo info, ImageSet samples, int columns)
    {
        var shape = samples.Shape;
        var pixels = new byte[info.ClassNames.Count * columns * shape.Bytes];
        var filled = new int[info.ClassNames.Count];
        for (var i = 0; i < samples.Count; i++)
        {
            var row = samples.Labels[i];
            if (filled[row] < columns)
            {
                samples.Image(i).CopyTo(pixels.AsSpan(((row * columns) + filled[row]++) * shape.Bytes));
            }
        }

        return new SampleGrid(shape, info.ClassNames.Count, columns, pixels, info.ClassNames);
    }

    private IReadOnlyList<FedPlatform.Datasets.Specs.SpecProblem> RunSpecValidatorOf(RunSpec spec, CancellationToken cancellationToken) =>
        FedPlatform.Datasets.Specs.RunSpecValidator.Validate(spec, datasets.Catalogue, cancellationToken);
}
