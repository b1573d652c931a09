using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;
using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Datasets;

namespace FedPlatform.Web.Tests.Pages.Fakes;

/// <summary>The real catalogue over the given roots; previews by the real partition code.</summary>
public sealed class FakeDatasets(params string[] roots) : IDatasetService
{
    private readonly DatasetCatalogue catalogue = new(roots, []);

    public List<RunSpec> Previewed { get; } = [];

    public Task<IReadOnlyList<DatasetListing>> List(CancellationToken cancellationToken) => Task.FromResult(catalogue.List(cancellationToken));

    public Task<DatasetInfo?> Find(string key, CancellationToken cancellationToken) =>
        Task.FromResult(catalogue.List(cancellationToken).FirstOrDefault(l => l.Key == key)?.Info);

    public Task<SampleGrid?> Samples(string key, int perClass, CancellationToken cancellationToken)
    {
        LoadedDataset data;
        try
        {
            data = catalogue.Load(key, cancellationToken);
        }
        catch (DatasetException)
        {
            return Task.FromResult<SampleGrid?>(null);
        }

        int classes = data.Info.ClassNames.Count;
        byte[] pixels = new byte[classes * perClass * data.Info.Shape.Bytes];
        for (int c = 0; c < classes; c++)
        {
            int[] of = [.. Enumerable.Range(0, data.Train.Count).Where(i => data.Train.Labels[i] == c).Take(perClass)];
            for (int i = 0; i < of.Length; i++)
            {
                data.Train.Image(of[i]).CopyTo(pixels.AsSpan((c * perClass + i) * data.Info.Shape.Bytes));
            }
        }

        return Task.FromResult<SampleGrid?>(new SampleGrid(data.Info.Shape, classes, perClass, pixels, data.Info.ClassNames));
    }

    public Task<PartitionPreview> Preview(RunSpec spec, CancellationToken cancellationToken)
    {
        Previewed.Add(spec);
        IReadOnlyList<SpecProblem> problems = RunSpecValidator.Validate(spec, catalogue, cancellationToken);
        return Task.FromResult(problems.Count > 0
            ? new PartitionPreview(null, problems)
            : new PartitionPreview(FederatedPlan.Create(spec, catalogue.Load(spec.Dataset, cancellationToken)).Report, []));
    }
}
