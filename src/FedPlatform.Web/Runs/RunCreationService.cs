using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Data.Runs;
using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Datasets;
using FedPlatform.Web.Persistence;
using FedPlatform.Web.Scheduling;

namespace FedPlatform.Web.Runs;

/// <summary>From a spec to a queued run: validated in one place, against the data set as it is registered here.</summary>
public sealed class RunCreationService(DatabaseWriter writer, RegisteredDatasets datasets, DeviceRegistry devices, IRunQueue queue)
{
    public async Task<RunCreation> Create(
        RunSpec spec, Guid teamId, Guid ownerId, string ownerName, Guid? parent, CancellationToken cancellationToken)
    {
        var problems = await datasets.Validate(spec, cancellationToken);
        if (devices.Problem(spec.Device) is { } device)
        {
            problems = [.. problems.Where(p => p.Field != "device"), device];
        }

        if (problems.Count > 0)
        {
            return new RunCreation(null, problems);
        }

        var id = Guid.CreateVersion7();
        var due = await writer.Write(
            scope =>
            {
                var run = new RunRecord
                {
                    Id = id,
                    TeamId = teamId,
                    OwnerId = ownerId,
                    OwnerName = ownerName,
                    ParentId = parent,
                    Name = spec.Name,
                    SpecJson = JsonSerializer.Serialize(spec, ContractJson.Options),
                    Algorithm = spec.Algorithm.Name,
                    Dataset = spec.Dataset,
                    Model = spec.Model,
                    Device = spec.Device,
                    ImbalanceFactor = spec.LongTail.ImbalanceFactor,
                    Alpha = spec.Partition.Alpha,
                    Clients = spec.Partition.Clients,
                    Rounds = spec.Rounds,
                    KeepCheckpoints = spec.KeepCheckpoints,
                    State = RunState.Queued,
                    CreatedAt = scope.Now,
                    DueAt = scope.Now,
                };
                scope.Db.Runs.Add(run);
                scope.EmitState(run);
                return Task.FromResult(scope.Now);
            },
            cancellationToken);
        await queue.Enqueue(new QueuedRun(id, 0, spec.Device, due), cancellationToken);
        return new RunCreation(id, []);
    }
}
