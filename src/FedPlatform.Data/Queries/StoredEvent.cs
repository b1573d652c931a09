using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Live;
using FedPlatform.Contracts.Runs;
using FedPlatform.Data.Runs;

namespace FedPlatform.Data.Queries;

/// <summary>Events to rows and back.</summary>
public static class StoredEvent
{
    public static RunEventRecord Write(RunEvent e) => new()
    {
        RunId = e.RunId,
        Sequence = e.Sequence,
        Kind = e.Kind,
        At = e.At,
        Round = e.Round?.Round,
        Payload = e.Kind switch
        {
            RunEventKind.State => JsonSerializer.Serialize(e.State, ContractJson.Options),
            RunEventKind.Log => JsonSerializer.Serialize(e.Log, ContractJson.Options),
            RunEventKind.Round => null,
            _ => throw new ArgumentException($"Events of kind {e.Kind} are not stored.", nameof(e)),
        },
    };

    public static RunEvent Read(RunEventRecord row, byte[]? report) => new()
    {
        RunId = row.RunId,
        Sequence = row.Sequence,
        Kind = row.Kind,
        At = row.At,
        State = row.Kind == RunEventKind.State ? JsonSerializer.Deserialize<StateChange>(row.Payload!, ContractJson.Options) : null,
        Log = row.Kind == RunEventKind.Log ? ReadLog(row.Payload!) : null,
        Round = row.Kind == RunEventKind.Round && report is not null ? PackedReport.Unpack<RoundReport>(report) : null,
    };

    internal static LogLine ReadLog(string payload) =>
        JsonSerializer.Deserialize<LogLine>(payload, ContractJson.Options) ?? throw new InvalidDataException("A stored log line is empty.");
}
