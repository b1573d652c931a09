using System.Text;
using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Runs;
using FedPlatform.Data;
using FedPlatform.Data.Queries;
using FedPlatform.Data.Runs;
using FedPlatform.Datasets.Specs;
using FedPlatform.Web.Persistence;
using Microsoft.EntityFrameworkCore;

namespace FedPlatform.Web.Runs;

/// <summary>
/// What can be downloaded of a run: kept checkpoints by their row's id, and documents made from the database by a fixed word.
/// An id is only ever looked up, never part of a path.
/// </summary>
public sealed class RunArtifacts(StorageLayout layout)
{
    private sealed record Document(string Id, string Name, string Kind, string ContentType, Func<PlatformContext, RunRecord, CancellationToken, Task<string?>> Write);

    private static readonly Document[] Documents =
    [
        new("spec-json", "spec.json", "spec", "application/json", (_, run, _) => Task.FromResult<string?>(RunSpecReader.ToJson(run.Spec()))),
        new("spec-yaml", "spec.yaml", "spec", "application/yaml", (_, run, _) => Task.FromResult<string?>(RunSpecReader.ToYaml(run.Spec()))),
        new("summary", "summary.json", "summary", "application/json",
            (_, run, _) => Task.FromResult<string?>(JsonSerializer.Serialize(run.Summary(), ContractJson.Indented))),
        new("partition", "partition.json", "partition", "application/json", Partition),
        new("rounds", "rounds.jsonl", "rounds", "application/x-ndjson", Rounds),
        new("log", "log.txt", "log", "text/plain; charset=utf-8", Log),
    ];

    public async Task<IReadOnlyList<Artifact>> List(PlatformContext db, RunRecord run, CancellationToken cancellationToken)
    {
        var list = new List<Artifact>();
        foreach (var checkpoint in (await db.CheckpointsOf(run.Id, cancellationToken)).Reverse())
        {
            list.Add(new Artifact(checkpoint.Id.ToString("N"), checkpoint.Name, "checkpoint", checkpoint.Bytes, checkpoint.Sha256, checkpoint.Round, checkpoint.CommittedAt));
        }

        foreach (var document in Documents)
        {
            if (await document.Write(db, run, cancellationToken) is { } text)
            {
                list.Add(new Artifact(document.Id, document.Name, document.Kind, Encoding.UTF8.GetByteCount(text), null, null, run.CreatedAt));
            }
        }

        return list;
    }

    public async Task<ArtifactContent?> Open(PlatformContext db, RunRecord run, string artifactId, CancellationToken cancellationToken)
    {
        if (Array.Find(Documents, d => d.Id == artifactId) is { } document)
        {
            return await document.Write(db, run, cancellationToken) is { } text
                ? new ArtifactContent(new MemoryStream(Encoding.UTF8.GetBytes(text)), document.Name, document.ContentType)
                : null;
        }

        if (!Guid.TryParseExact(artifactId, "N", out var id))
        {
            return null;
        }

        var checkpoint = await db.Checkpoints.AsNoTracking().FirstOrDefaultAsync(c => c.Id == id && c.RunId == run.Id, cancellationToken);
        var path = checkpoint is null ? null : Path.Combine(layout.RunFolder(run.Id), checkpoint.Name);
        return path is not null && File.Exists(path)
            ? new ArtifactContent(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete), checkpoint!.Name, "application/octet-stream")
            : null;
    }

    private static async Task<string?> Partition(PlatformContext db, RunRecord run, CancellationToken cancellationToken)
    {
        var packed = await db.Partitions.AsNoTracking().Where(p => p.RunId == run.Id).Select(p => p.Report).FirstOrDefaultAsync(cancellationToken);
        return packed is null ? null : JsonSerializer.Serialize(PackedReport.Unpack<PartitionReport>(packed), ContractJson.Indented);
    }

    private static async Task<string?> Rounds(PlatformContext db, RunRecord run, CancellationToken cancellationToken)
    {
        var rounds = await db.FullRounds(run.Id, 0, cancellationToken);
        return rounds.Count == 0 ? null : string.Concat(rounds.Select(r => JsonSerializer.Serialize(r, ContractJson.Options) + "\n"));
    }

    private static async Task<string?> Log(PlatformContext db, RunRecord run, CancellationToken cancellationToken)
    {
        var lines = await db.LogTail(run.Id, 100_000, cancellationToken);
        return lines.Count == 0 ? null : string.Concat(lines.Select(l => $"{l.At:O} {l.Level,-7} {l.Text}\n"));
    }
}
