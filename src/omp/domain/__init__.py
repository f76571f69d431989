"""Words of the trade that both wings share; standard library only."""
