namespace FedPlatform.Data.Runs;

/// <summary>One committed round: columns for curves, one compressed blob for everything else. Never one row a point.</summary>
public sealed class RoundRecord
{
    public Guid RunId { get; set; }

    /// <summary>1-based.</summary>
    public int Round { get; set; }

    /// <summary>Epoch of the lease that committed it.</summary>
    public long Epoch { get; set; }

    public required string CheckpointSha256 { get; set; }
    public DateTimeOffset CommittedAt { get; set; }

    /// <summary>Sequence of its event.</summary>
    public long Sequence { get; set; }

    /// <summary>True when GM was measured.</summary>
    public bool Evaluated { get; set; }

    public double? Gm { get; set; }
    public double? GmClassifier { get; set; }
    public double? GmAuxiliary { get; set; }
    public double? Pm { get; set; }
    public double? PmStd { get; set; }
    public double? PmWorst { get; set; }
    public double? Loss { get; set; }
    public double? Head { get; set; }
    public double? Medium { get; set; }
    public double? Tail { get; set; }
    public double Seconds { get; set; }

    /// <summary>The whole report, by <see cref="PackedReport"/>.</summary>
    public required byte[] Report { get; set; }
}
