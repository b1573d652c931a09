using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Data.Runs;

namespace FedPlatform.Web.Runs;

/// <summary>Records of the database as what pages and REST show.</summary>
internal static class RunRows
{
    public static RunSummary Summary(this RunRecord run) => new()
    {
        State = run.State,
        Round = run.CurrentRound,
        Rounds = run.Rounds,
        Gm = run.Gm.ToMeasure(),
        GmClassifier = run.GmClassifier.ToMeasure(),
        Pm = run.Pm.ToMeasure(),
        Groups = run.Gm.Last is null ? null : new GroupAccuracy { Head = run.Head, Medium = run.Medium, Tail = run.Tail },
        Loss = run.Loss,
        Reason = run.Reason,
        Seconds = run.Seconds,
        Checkpoint = run.CheckpointSha256,
    };

    public static RunRow Row(this RunRecord run, IReadOnlyDictionary<Guid, int> places) => new()
    {
        Id = run.Id,
        Name = run.Name,
        Summary = run.Summary(),
        Algorithm = run.Algorithm,
        Dataset = run.Dataset,
        Model = run.Model,
        ImbalanceFactor = run.ImbalanceFactor,
        Alpha = run.Alpha,
        Clients = run.Clients,
        Device = run.Device,
        Owner = run.OwnerName,
        CreatedAt = run.CreatedAt,
        StartedAt = run.StartedAt,
        EndedAt = run.EndedAt,
        Eta = run.State is RunState.Running or RunState.Starting && run.RoundSeconds is { } seconds
            ? TimeSpan.FromSeconds(seconds * (run.Rounds - run.CurrentRound))
            : null,
        QueuePosition = places.TryGetValue(run.Id, out var place) ? place : null,
    };

    public static RunSpec Spec(this RunRecord run) =>
        JsonSerializer.Deserialize<RunSpec>(run.SpecJson, ContractJson.Options) ?? throw new InvalidDataException("A stored spec is empty.");
}
